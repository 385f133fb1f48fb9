/* The block that the simulator shares. */
#ifndef BLOCK_H
#define BLOCK_H

#include <windows.h>

#define BLOCK_NAME "Local\\SimTelemetryBlock"
#define BLOCK_VERSION 2

#pragma pack(push, 4)
typedef struct tagTELEMETRY {
    DWORD dwVersion;
    volatile DWORD dwSequence; /* odd while the block is being written */
    volatile BOOL bReader;     /* set by the first reader */
    volatile BOOL bRunning;
    FLOAT fSpeed;
    FLOAT fRpm;
    INT nGear;
    INT nLap;
    WORD wFlags;
    CHAR szTrack[34];
} TELEMETRY, *PTELEMETRY;
#pragma pack(pop)

#endif
