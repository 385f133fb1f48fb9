using System.Threading;

namespace Filemap.Threading
{
    /// <summary>An event without a name that stays set until it is reset.</summary>
    public sealed class ManualResetEvent : EventWaitHandle
    {
        /// <summary>Makes one, set or not.</summary>
        public ManualResetEvent(bool initialState) : base(initialState, EventResetMode.ManualReset) { }
    }
}
