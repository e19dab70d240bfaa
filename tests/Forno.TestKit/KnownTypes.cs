using System.Reflection;
using System.Reflection.Emit;

namespace Forno.TestKit;

/// <summary>
/// What compiled code knows: every type in a type's bases, fields, signatures, attributes and bodies.
/// </summary>
internal static class KnownTypes
{
    private const BindingFlags All =
        BindingFlags.Public
        | BindingFlags.NonPublic
        | BindingFlags.Static
        | BindingFlags.Instance
        | BindingFlags.DeclaredOnly;

    private static readonly Dictionary<short, OpCode> OpCodesByValue = typeof(OpCodes)
        .GetFields(BindingFlags.Public | BindingFlags.Static)
        .Select(f => (OpCode)f.GetValue(null)!)
        .ToDictionary(o => o.Value);

    /// <summary>The types that a type knows, itself and its parts among them.</summary>
    public static IReadOnlySet<Type> Of(Type type)
    {
        HashSet<Type> known = [];
        Add(known, type.BaseType);
        Add(known, type.GetInterfaces());
        Add(known, [.. type.GetFields(All).Select(f => f.FieldType)]);
        Add(known, [.. type.GetCustomAttributesData().Select(a => a.AttributeType)]);
        foreach (MethodBase method in type.GetMethods(All).Concat<MethodBase>(type.GetConstructors(All)))
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

            OperandType operand = OpCodesByValue[value].OperandType;
            if (
                operand
                is OperandType.InlineField
                    or OperandType.InlineMethod
                    or OperandType.InlineTok
                    or OperandType.InlineType
            )
            {
                AddMember(known, method.Module.ResolveMember(BitConverter.ToInt32(il, at), ofType, ofMethod));
            }

            at += operand switch
            {
                OperandType.InlineSwitch => 4 + (4 * BitConverter.ToInt32(il, at)),
                OperandType.InlineI8 or OperandType.InlineR => 8,
                OperandType.InlineVar => 2,
                OperandType.ShortInlineBrTarget or OperandType.ShortInlineI or OperandType.ShortInlineVar => 1,
                OperandType.InlineNone => 0,
                _ => 4,
            };
        }
    }

    private static void AddMember(HashSet<Type> known, MemberInfo? member)
    {
        Add(known, member as Type ?? member?.DeclaringType);
        switch (member)
        {
            case MethodBase called:
                Add(known, [.. called.GetParameters().Select(p => p.ParameterType)]);
                Add(known, (called as MethodInfo)?.ReturnType);
                Add(known, called.IsGenericMethod ? called.GetGenericArguments() : []);
                break;
            case FieldInfo field:
                Add(known, field.FieldType);
                break;
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
}
