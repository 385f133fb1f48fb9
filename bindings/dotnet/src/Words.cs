using System;
using System.IO;

namespace Filemap.MemoryMappedFiles
{
    /// <summary>The numbers that Windows' functions have for an access.</summary>
    internal static class Words
    {
        /// <summary>For CreateFileMapping and VirtualAlloc.</summary>
        internal static uint OfPages(MemoryMappedFileAccess access)
        {
            switch (access)
            {
                case MemoryMappedFileAccess.Read: return 0x02;
                case MemoryMappedFileAccess.CopyOnWrite: return 0x08;
                case MemoryMappedFileAccess.ReadExecute: return 0x20;
                case MemoryMappedFileAccess.ReadWriteExecute: return 0x40;
                default: return 0x04;
            }
        }

        /// <summary>For MapViewOfFile and OpenFileMapping.</summary>
        internal static uint OfView(MemoryMappedFileAccess access)
        {
            switch (access)
            {
                case MemoryMappedFileAccess.Read: return 0x04;
                case MemoryMappedFileAccess.Write: return 0x02;
                case MemoryMappedFileAccess.CopyOnWrite: return 0x01;
                case MemoryMappedFileAccess.ReadExecute: return 0x24;
                case MemoryMappedFileAccess.ReadWriteExecute: return 0x26;
                default: return 0x06;
            }
        }

        /// <summary>For opening the file, and for streams.</summary>
        internal static FileAccess OfFile(MemoryMappedFileAccess access)
        {
            switch (access)
            {
                case MemoryMappedFileAccess.Read:
                case MemoryMappedFileAccess.ReadExecute: return FileAccess.Read;
                case MemoryMappedFileAccess.Write: return FileAccess.Write;
                default: return FileAccess.ReadWrite;
            }
        }
    }
}
