namespace Filemap.MemoryMappedFiles
{
    /// <summary>What a mapping, or a view of one, allows.</summary>
    public enum MemoryMappedFileAccess
    {
        /// <summary>Reading and writing.</summary>
        ReadWrite = 0,
        /// <summary>Reading.</summary>
        Read = 1,
        /// <summary>Writing.</summary>
        Write = 2,
        /// <summary>Reading, and writing that nobody else sees.</summary>
        CopyOnWrite = 3,
        /// <summary>Reading and executing.</summary>
        ReadExecute = 4,
        /// <summary>Reading, writing and executing.</summary>
        ReadWriteExecute = 5,
    }
}
