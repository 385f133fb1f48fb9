namespace Filemap
{
    /// <summary>How far a flush goes before it returns.</summary>
    public enum Flush
    {
        /// <summary>Writing is started.</summary>
        Start = 0,
        /// <summary>The file has the bytes.</summary>
        Written = 1,
        /// <summary>The bytes survive a loss of power.</summary>
        Durable = 2,
    }
}
