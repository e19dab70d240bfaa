using System.Reflection;
using System.Reflection.Emit;
using Forno.TestKit;

namespace Forno.Tests;

/// <summary>Holds the house's arrows: which room (namespace) may know which other.</summary>
public class ArrowsTests
{
    /// <summary>Rooms from the ground up: a room may know those of lower floors.</summary>
    private static readonly string[][] Floors =
    [
        ["Torch"],
        ["Io", "Text", "Imaging"],
        ["Nn"],
        ["Models", "Adapters", "Diffusion", "Optim"],
        ["Data", "Vision"],
        ["Training", "Generation", "Prepare"],
        ["Pocket"], // how the base model that ships is made
        ["App"],
    ];

    /// <summary>Arrows within a floor: files are read by rooms beside Io, and a training draws its samples.</summary>
    private static readonly (string From, string To)[] Beside =
    [
        ("Text", "Io"),
        ("Imaging", "Io"),
        ("Training", "Generation"),
        ("Models", "Diffusion"),
    ];

    private static readonly Dictionary<short, OpCode> OpCodesByValue = typeof(OpCodes)
        .GetFields(BindingFlags.Public | BindingFlags.Static)
        .Select(f => (OpCode)f.GetValue(null)!)
        .ToDictionary(o => o.Value);

    [Theory]
    [InlineData("Forno.Torch")]
    [InlineData("Forno")]
    public void NoRoomKnowsOneThatItMayNot(string assembly)
    {
        List<string> wrong = [];
        foreach (Type type in Assembly.Load(assembly).GetTypes())
        {
            if (RoomOf(type) is not { } from)
            {
                continue;
            }

            foreach (Type known in KnownTo(type))
            {
                if (RoomOf(known) is { } to && to != from && !Allowed(from, to))
                {
                    wrong.Add($"{from} → {to}: {type} knows {known}");
                }
            }
        }

        Assert.True(wrong.Count == 0, string.Join('\n', wrong.Distinct()));
    }

    [Fact]
    public void EveryRoomHasAFloor()
    {
        IEnumerable<string> rooms = typeof(FornoException)
            .Assembly.GetTypes()
            .Select(RoomOf)
            .OfType<string>()
            .Distinct();
        Assert.Empty(rooms.Except(Floors.SelectMany(floor => floor)));
        Assert.NotEmpty(rooms);
    }

    [Fact]
    public void TheTestSeesWhatAMethodBodyKnows()
    {
        Assert.Contains(typeof(Console), KnownTo(typeof(Sample)));
        Assert.Contains(typeof(Uri), KnownTo(typeof(Sample)));
        Assert.Contains(typeof(Version), KnownTo(typeof(Sample)));
        Assert.False(Allowed("Diffusion", "Models"));
        Assert.False(Allowed("Models", "Adapters"));
        Assert.False(Allowed("Io", "Nn"));
        Assert.True(Allowed("Training", "Torch"));
    }

    [Fact]
    public void BelowAppNothingKnowsTheConsoleOrHttp()
    {
        foreach (string assembly in (string[])["Forno", "Forno.Torch"])
        {
            IEnumerable<Type> known = Assembly.Load(assembly).GetTypes().SelectMany(KnownTo);
            Assert.DoesNotContain(
                known,
                t =>
                    t == typeof(Console)
                    || (
                        t.Namespace?.StartsWith("System.Net", StringComparison.Ordinal) == true
                        && t != typeof(System.Net.WebUtility)
                    )
                    || t.Assembly.GetName().Name is "System.CommandLine" or "Spectre.Console"
            );
        }
    }

    [Fact]
    public void NoSourceFileIsLongerThan500Lines()
    {
        string[] files =
        [
            .. ((string[])["src", "native", "tests", "bench"])
                .SelectMany(folder =>
                    Directory.EnumerateFiles(
                        Path.Combine(Goldens.RepositoryRoot, folder),
                        "*",
                        SearchOption.AllDirectories
                    )
                )
                .Where(f =>
                    Path.GetExtension(f) is ".cs" or ".cpp" or ".h"
                    && !f.Split('/').Intersect(["obj", "bin", "build"]).Any()
                ),
        ];
        Assert.NotEmpty(files);
        Assert.DoesNotContain(files, f => File.ReadLines(f).Count() > 500);
    }

    private static bool Allowed(string from, string to) => Floor(to) < Floor(from) || Beside.Contains((from, to));

    private static int Floor(string room) => Array.FindIndex(Floors, floor => floor.Contains(room));

    private static string? RoomOf(Type type) =>
        type.Namespace is { } n && n.StartsWith("Forno.", StringComparison.Ordinal) ? n.Split('.')[1] : null;

    // Every type that appears in a type's bases, fields, signatures, attributes and method bodies.
    private static HashSet<Type> KnownTo(Type type)
    {
        HashSet<Type> known = [];
        const BindingFlags all =
            BindingFlags.Public
            | BindingFlags.NonPublic
            | BindingFlags.Static
            | BindingFlags.Instance
            | BindingFlags.DeclaredOnly;
        Add(known, type.BaseType);
        Add(known, type.GetInterfaces());
        Add(known, [.. type.GetFields(all).Select(f => f.FieldType)]);
        Add(known, [.. type.GetCustomAttributesData().Select(a => a.AttributeType)]);
        foreach (MethodBase method in type.GetMethods(all).Concat<MethodBase>(type.GetConstructors(all)))
        {
            Add(known, [.. method.GetParameters().Select(p => p.ParameterType)]);
            Add(known, (method as MethodInfo)?.ReturnType);
            if (method.GetMethodBody() is { } body)
            {
                Add(known, [.. body.LocalVariables.Select(v => v.LocalType)]);
                AddTokens(known, method, body.GetILAsByteArray()!);
            }
        }

        return known;
    }

    private static void AddTokens(HashSet<Type> known, MethodBase method, byte[] il)
    {
        Type[]? ofType = method.DeclaringType?.GetGenericArguments();
        Type[]? ofMethod = method.IsGenericMethod ? method.GetGenericArguments() : null;
        for (int at = 0; at < il.Length; )
        {
            short value = il[at++];
            if (value == 0xfe)
            {
                value = (short)(0xfe00 | il[at++]);
            }

            switch (OpCodesByValue[value].OperandType)
            {
                case OperandType.InlineField
                or OperandType.InlineMethod
                or OperandType.InlineTok
                or OperandType.InlineType:
                    MemberInfo? member = method.Module.ResolveMember(BitConverter.ToInt32(il, at), ofType, ofMethod);
                    Add(known, member as Type ?? member?.DeclaringType);
                    if (member is MethodBase called)
                    {
                        Add(known, [.. called.GetParameters().Select(p => p.ParameterType)]);
                        Add(known, (called as MethodInfo)?.ReturnType);
                        Add(known, called.IsGenericMethod ? called.GetGenericArguments() : []);
                    }
                    else if (member is FieldInfo field)
                    {
                        Add(known, field.FieldType);
                    }

                    at += 4;
                    break;
                case OperandType.InlineSwitch:
                    at += 4 + (4 * BitConverter.ToInt32(il, at));
                    break;
                case OperandType.InlineI8 or OperandType.InlineR:
                    at += 8;
                    break;
                case OperandType.InlineBrTarget
                or OperandType.InlineI
                or OperandType.InlineSig
                or OperandType.InlineString
                or OperandType.ShortInlineR:
                    at += 4;
                    break;
                case OperandType.InlineVar:
                    at += 2;
                    break;
                case OperandType.ShortInlineBrTarget or OperandType.ShortInlineI or OperandType.ShortInlineVar:
                    at += 1;
                    break;
            }
        }
    }

    private static void Add(HashSet<Type> known, params Type?[] types)
    {
        foreach (Type? type in types)
        {
            if (type is null || type.IsGenericParameter)
            {
                continue;
            }

            if (type.HasElementType)
            {
                Add(known, type.GetElementType());
            }
            else if (type.IsGenericType)
            {
                if (known.Add(type.GetGenericTypeDefinition()))
                {
                    Add(known, type.BaseType);
                }

                Add(known, type.GetGenericArguments());
            }
            else
            {
                known.Add(type);
            }
        }
    }

    private sealed class Sample
    {
        public static void Say() => Console.WriteLine(new List<Uri>().Count + Parts<Version>());

        private static int Parts<T>() => typeof(T).Name.Length;
    }
}
