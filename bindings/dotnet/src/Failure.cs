using System;
using System.IO;
using System.Runtime.InteropServices;

namespace Filemap
{
    /// <summary>Exceptions for Windows' codes, of the types and with the HRESULTs that the class library has for them.</summary>
    internal static class Failure
    {
        /// <summary>Returns what to throw for the code of the call that failed just now.</summary>
        internal static Exception Last(string tried)
        {
            return Of(Marshal.GetLastWin32Error(), tried);
        }

        internal static Exception Of(int code, string tried)
        {
            string message = "could not " + tried + ": " + Text(code) + " (" + code + ")";
            switch (code)
            {
                case Native.FileNotFound:
                    return new FileNotFoundException(message);
                case Native.PathNotFound:
                    return new DirectoryNotFoundException(message);
                case Native.AccessDenied:
                    return new UnauthorizedAccessException(message);
                case 206:
                    return new PathTooLongException(message);
                case Native.SwapError:
                    message = "could not " + tried + ": the file has become shorter and these bytes are lost (999)";
                    break;
            }
            return new IOException(message, unchecked((int)0x80070000) | code);
        }

        /// <summary>Returns Windows' text for a code: the runtimes' own texts are those of Linux' numbers.</summary>
        static unsafe string Text(int code)
        {
            const uint fromSystem = 0x1000, ignoreInserts = 0x200;
            char* buffer = stackalloc char[512];
            uint length = Native.IsWindows
                ? Native.Windows.FormatMessage(fromSystem | ignoreInserts, IntPtr.Zero, (uint)code, 0, buffer, 512, IntPtr.Zero)
                : Native.Linux.FormatMessage(fromSystem | ignoreInserts, IntPtr.Zero, (uint)code, 0, buffer, 512, IntPtr.Zero);
            return length == 0 ? "error" : new string(buffer, 0, (int)length).Trim().TrimEnd('.');
        }
    }
}
