using System;

namespace Filemap.MemoryMappedFiles
{
    /// <summary>What a name is opened for.</summary>
    [Flags]
    public enum MemoryMappedFileRights
    {
        /// <summary>Views whose writes nobody else sees.</summary>
        CopyOnWrite = 0x000001,
        /// <summary>Views that write.</summary>
        Write = 0x000002,
        /// <summary>Views that read.</summary>
        Read = 0x000004,
        /// <summary>Views that execute.</summary>
        Execute = 0x000008,
        /// <summary>Removing the object.</summary>
        Delete = 0x010000,
        /// <summary>Reading who may open it.</summary>
        ReadPermissions = 0x020000,
        /// <summary>Changing who may open it.</summary>
        ChangePermissions = 0x040000,
        /// <summary>Changing whose it is.</summary>
        TakeOwnership = 0x080000,
        /// <summary>Reading and writing.</summary>
        ReadWrite = Read | Write,
        /// <summary>Reading and executing.</summary>
        ReadExecute = Read | Execute,
        /// <summary>Reading, writing and executing.</summary>
        ReadWriteExecute = Read | Write | Execute,
        /// <summary>All of these.</summary>
        FullControl = CopyOnWrite | Read | Write | Execute | Delete | ReadPermissions | ChangePermissions | TakeOwnership,
        /// <summary>Reading and changing what is audited.</summary>
        AccessSystemSecurity = 0x1000000,
    }
}
