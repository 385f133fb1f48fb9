using System;

namespace Filemap
{
    /// <summary>Bytes of a view that read as zeros by their address, because the file has lost them.</summary>
    public struct LostRange
    {
        internal LostRange(long offset, long length, DateTime? since) : this()
        {
            Offset = offset;
            Length = length;
            Since = since;
        }

        /// <summary>Gets where in the view they begin; less than 0 if that is in the page before it.</summary>
        public long Offset { get; private set; }

        /// <summary>Gets how many there are.</summary>
        public long Length { get; private set; }

        /// <summary>Gets when the first of them was lost, or null if they were restored.</summary>
        public DateTime? Since { get; private set; }
    }
}
