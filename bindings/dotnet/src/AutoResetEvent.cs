using System.Threading;

namespace Filemap.Threading
{
    /// <summary>An event without a name that is reset when one thread has gone on.</summary>
    public sealed class AutoResetEvent : EventWaitHandle
    {
        /// <summary>Makes one, set or not.</summary>
        public AutoResetEvent(bool initialState) : base(initialState, EventResetMode.AutoReset) { }
    }
}
