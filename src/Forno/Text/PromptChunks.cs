namespace Forno.Text;

/// <summary>A textual inversion embedding that a prompt may name.</summary>
/// <param name="Name">Its name, as the file has it.</param>
/// <param name="Vectors">How many tokens it takes the place of, at least 1.</param>
public sealed record EmbeddingName(string Name, int Vectors);

/// <summary>A place where an embedding's vectors replace those of the tokens.</summary>
/// <param name="Name">The embedding's name.</param>
/// <param name="Position">Index of the first replaced token in the chunk's 77.</param>
/// <param name="Vectors">How many tokens are replaced; their ids are 0.</param>
public sealed record EmbeddingSlot(string Name, int Position, int Vectors);

/// <summary>One pass through the text encoder.</summary>
/// <param name="Tokens">77 ids: start, 75 of the text or padding, end.</param>
/// <param name="Multipliers">77 weights; 1 for start, end and padding.</param>
/// <param name="Embeddings">Where embeddings go, in order.</param>
public sealed record PromptChunk(
    IReadOnlyList<int> Tokens,
    IReadOnlyList<double> Multipliers,
    IReadOnlyList<EmbeddingSlot> Embeddings
);

/// <summary>A prompt as chunks.</summary>
/// <param name="Chunks">At least one.</param>
/// <param name="TokenCount">75 for each closed chunk and the tokens of the last.</param>
public sealed record ChunkedPrompt(IReadOnlyList<PromptChunk> Chunks, int TokenCount);

/// <summary>
/// Cuts prompts of any length into chunks of 75 tokens with a weight a token, as AUTOMATIC1111's web UI does
/// (<c>modules/sd_hijack_clip.py</c>): BREAK closes a chunk, and one that would end shortly after a comma ends at it.
/// </summary>
/// <param name="tokenizer">The tokenizer.</param>
public sealed class PromptChunker(ClipTokenizer tokenizer)
{
    private const int Length = ClipTokenizer.ChunkLength;
    private const int Comma = 267;
    private readonly Dictionary<int, List<(List<int> Ids, EmbeddingName Embedding)>> embeddings = [];

    /// <summary>
    /// The id after the first end mark: 49407 for SD1 and SDXL's first encoder, 0 for SD2's and SDXL's second.
    /// </summary>
    public int Pad { get; init; } = ClipTokenizer.EndOfText;

    /// <summary>
    /// How many tokens may move to the next chunk so that this one ends at a comma; 0 never moves any.
    /// </summary>
    public int CommaPaddingBacktrack { get; init; } = 20;

    /// <summary>Whether brackets and BREAK mean anything; if not, the prompt is one text of weight 1.</summary>
    public bool ParseEmphasis { get; init; } = true;

    /// <summary>The embeddings that prompts may name.</summary>
    public IReadOnlyList<EmbeddingName> Embeddings
    {
        init
        {
            foreach (EmbeddingName embedding in value)
            {
                List<int> ids = tokenizer.Encode(embedding.Name);
                if (ids.Count == 0 || embedding.Vectors is < 1 or > Length)
                {
                    throw new FornoException(
                        $"the embedding '{embedding.Name}' with {embedding.Vectors} vectors cannot be "
                            + $"used in prompts: it needs a name that has tokens, and 1 to {Length} vectors"
                    );
                }

                if (!embeddings.TryGetValue(ids[0], out List<(List<int> Ids, EmbeddingName)>? same))
                {
                    embeddings[ids[0]] = same = [];
                }

                // The longest name first; of equals the earlier registered.
                int at = same.FindIndex(other => other.Ids.Count < ids.Count);
                same.Insert(at < 0 ? same.Count : at, (ids, embedding));
            }
        }
    }

    /// <summary>A chunk without text, which fills up shorter prompts of a batch.</summary>
    public PromptChunk Empty => new Builder(this).Close();

    /// <summary>Cuts a prompt.</summary>
    /// <param name="prompt">The prompt without network tags.</param>
    /// <returns>Its chunks; the empty prompt is one chunk of padding.</returns>
    public ChunkedPrompt Chunk(string prompt)
    {
        IReadOnlyList<WeightedText> pieces = ParseEmphasis ? PromptGrammar.ParseAttention(prompt) : [new(prompt, 1)];
        List<PromptChunk> chunks = [];
        int tokenCount = 0;
        Builder chunk = new(this);
        foreach (WeightedText piece in pieces)
        {
            if (piece.IsBreak && ParseEmphasis)
            {
                CloseChunk();
                continue;
            }

            List<int> ids = tokenizer.Encode(piece.Text);
            for (int at = 0; at < ids.Count; )
            {
                if (ids[at] == Comma)
                {
                    chunk.LastComma = chunk.Count;
                }
                else if (
                    chunk.Count == Length
                    && chunk.LastComma >= 0
                    && Length - chunk.LastComma <= CommaPaddingBacktrack
                )
                {
                    Builder moved = chunk.CutAfterComma();
                    CloseChunk();
                    chunk = moved;
                }

                if (chunk.Count == Length)
                {
                    CloseChunk();
                }

                (EmbeddingName? embedding, int length) = Find(ids, at);
                if (embedding is null)
                {
                    chunk.Add(ids[at], piece.Weight);
                }
                else
                {
                    if (chunk.Count + embedding.Vectors > Length)
                    {
                        CloseChunk();
                    }

                    chunk.Add(embedding, piece.Weight);
                }

                at += length;
            }
        }

        if (chunk.Count > 0 || chunks.Count == 0)
        {
            tokenCount += chunk.Count;
            chunks.Add(chunk.Close());
        }

        return new(chunks, tokenCount);

        void CloseChunk()
        {
            tokenCount += Length;
            chunks.Add(chunk.Close());
            chunk = new(this);
        }
    }

    private (EmbeddingName? Embedding, int Length) Find(List<int> ids, int at)
    {
        if (embeddings.TryGetValue(ids[at], out List<(List<int> Ids, EmbeddingName Embedding)>? candidates))
        {
            foreach ((List<int> name, EmbeddingName embedding) in candidates)
            {
                if (name.Count <= ids.Count - at && ids.Slice(at, name.Count).SequenceEqual(name))
                {
                    return (embedding, name.Count);
                }
            }
        }

        return (null, 1);
    }

    // The tokens of a chunk under way, without start and end.
    private sealed class Builder(PromptChunker owner)
    {
        private readonly List<int> tokens = new(Length);
        private readonly List<double> weights = new(Length);
        private readonly List<EmbeddingSlot> slots = [];

        public int Count => tokens.Count;

        /// <summary>Index of the last comma, or −1.</summary>
        public int LastComma { get; set; } = -1;

        public void Add(int id, double weight)
        {
            tokens.Add(id);
            weights.Add(weight);
        }

        public void Add(EmbeddingName embedding, double weight)
        {
            slots.Add(new(embedding.Name, Count + 1, embedding.Vectors));
            for (int i = 0; i < embedding.Vectors; i++)
            {
                Add(0, weight);
            }
        }

        /// <summary>Takes what follows the last comma out of this chunk.</summary>
        public Builder CutAfterComma()
        {
            Builder rest = new(owner);
            int cut = LastComma + 1;
            rest.tokens.AddRange(tokens[cut..]);
            rest.weights.AddRange(weights[cut..]);
            tokens.RemoveRange(cut, tokens.Count - cut);
            weights.RemoveRange(cut, weights.Count - cut);

            // Slots count from the start mark. One never straddles the cut: no comma lies inside it.
            rest.slots.AddRange(slots.Where(s => s.Position > cut).Select(s => s with { Position = s.Position - cut }));
            slots.RemoveAll(s => s.Position > cut);
            return rest;
        }

        public PromptChunk Close()
        {
            int[] tokens = new int[ClipTokenizer.SequenceLength];
            double[] weights = new double[ClipTokenizer.SequenceLength];
            tokens.AsSpan().Fill(ClipTokenizer.EndOfText);
            weights.AsSpan().Fill(1);
            tokens[0] = ClipTokenizer.StartOfText;
            this.tokens.CopyTo(tokens, 1);
            this.weights.CopyTo(weights, 1);
            tokens.AsSpan(Array.IndexOf(tokens, ClipTokenizer.EndOfText) + 1).Fill(owner.Pad);
            return new(tokens, weights, slots);
        }
    }
}
