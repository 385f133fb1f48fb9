using System;

namespace Filemap.MemoryMappedFiles
{
    /// <summary>How the memory of a mapping is given out.</summary>
    [Flags]
    public enum MemoryMappedFileOptions
    {
        /// <summary>All at once.</summary>
        None = 0,
        /// <summary>When a view of it is made.</summary>
        DelayAllocatePages = 0x4000000,
    }
}
