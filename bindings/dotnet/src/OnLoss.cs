namespace Filemap
{
    /// <summary>What becomes of a thread that touches a lost page of a view by its address: of a pointer, or of a
    /// method of the base class. Accessors and streams throw in any case.</summary>
    /// <remarks>
    /// Without a choice of its own a view has <see cref="Die"/>, unless the environment has FILEMAP_ON_LOSS=zeros.
    /// </remarks>
    public enum OnLoss
    {
        /// <summary>The process ends, as it does with a pointer of the class library.</summary>
        Die = 0,
        /// <summary>It reads zeros, and what it writes is not in the file.</summary>
        Zeros = 1,
    }
}
