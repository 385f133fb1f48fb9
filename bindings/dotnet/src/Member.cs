using System;
using System.Collections.Generic;
using System.Reflection;

namespace Filemap.Objects
{
    /// <summary>A public field, or a public property with both accessors, of a type that is stored.</summary>
    internal sealed class Member
    {
        internal readonly string Name;
        internal readonly Type Type;
        readonly FieldInfo field;
        readonly PropertyInfo property;

        Member(MemberInfo info)
        {
            Name = info.Name;
            field = info as FieldInfo;
            property = info as PropertyInfo;
            Type = field != null ? field.FieldType : property.PropertyType;
        }

        internal object Get(object of)
        {
            return field != null ? field.GetValue(of) : property.GetValue(of, null);
        }

        internal void Set(object of, object value)
        {
            if (field != null)
                field.SetValue(of, value);
            else
                property.SetValue(of, value, null);
        }

        /// <summary>Returns those of a type, in the order of their declaration.</summary>
        internal static Member[] Of(Type type)
        {
            var members = new List<MemberInfo>();
            foreach (FieldInfo field in type.GetFields(BindingFlags.Instance | BindingFlags.Public))
                if (!field.IsInitOnly)
                    members.Add(field);
            foreach (PropertyInfo property in type.GetProperties(BindingFlags.Instance | BindingFlags.Public))
                if (property.GetGetMethod() != null && property.GetSetMethod() != null && property.GetIndexParameters().Length == 0)
                    members.Add(property);
            if (members.Count == 0)
                throw new NotSupportedException("The type " + type + " has no public field, and no public property to get and set.");
            return members.ConvertAll(info => new Member(info)).ToArray();
        }
    }
}
