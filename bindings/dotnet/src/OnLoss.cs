namespace Filemap
{
    /// <summary>What becomes of a thread that touches a lost page by its address: of a pointer, or of a method
    /// of the base class. Accessors and streams throw in any case.</summary>
    public enum OnLoss
    {
        /// <summary>The process ends, as it does with a pointer of the class library.</summary>
        Die = 0,
        /// <summary>It reads zeros, and what it writes is not in the file.</summary>
        Zeros = 1,
    }
}
