//! Others who give memory a name, doing the same job.

use std::hint::black_box;

// Only its being linked counts.
use iceoryx2_bb_loggers as _;
use iceoryx2_bb_posix::memory_mapping::SemanticString as _;
use iceoryx2_bb_posix::shared_memory::{AccessMode, CreationMode, SharedMemoryBuilder};
use iceoryx2_bb_system_types::file_name::FileName;
use shared_memory::ShmemConf;

use crate::Result;

/// A crate that wraps `shm_open`.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Peer {
    SharedMemory,
    Iceoryx,
}

impl Peer {
    pub(crate) const ALL: [Self; 2] = [Self::SharedMemory, Self::Iceoryx];

    /// What is called to create.
    pub(crate) fn creator(self) -> &'static str {
        match self {
            Self::SharedMemory => "`shared_memory`: `ShmemConf::create`, and dropping it",
            Self::Iceoryx => {
                "`iceoryx2-bb-posix`: `SharedMemoryBuilder`, `create`, and dropping it"
            }
        }
    }

    /// What is called to open.
    pub(crate) fn opener(self) -> &'static str {
        match self {
            Self::SharedMemory => "`shared_memory`: `ShmemConf::open`, and dropping it",
            Self::Iceoryx => {
                "`iceoryx2-bb-posix`: `SharedMemoryBuilder::open_existing`, and dropping it"
            }
        }
    }

    /// Creates and maps a name, which is gone when this returns.
    pub(crate) fn create(self, name: &str, len: usize) -> Result<()> {
        match self {
            Self::SharedMemory => {
                let memory = ShmemConf::new().os_id(name).size(len).create()?;
                black_box(memory.as_ptr());
            }
            Self::Iceoryx => {
                let builder = SharedMemoryBuilder::new(&file_name(name)?)
                    .creation_mode(CreationMode::CreateExclusive)
                    .size(len)
                    // Nobody else stores to it either.
                    .zero_memory(false);
                let memory = builder.create().map_err(|error| format!("{error:?}"))?;
                black_box(memory.base_address());
            }
        }
        Ok(())
    }

    /// Opens and maps a name that is there.
    pub(crate) fn open(self, name: &str) -> Result<()> {
        match self {
            Self::SharedMemory => {
                let memory = ShmemConf::new().os_id(name).open()?;
                black_box(memory.as_ptr());
            }
            Self::Iceoryx => {
                let builder = SharedMemoryBuilder::new(&file_name(name)?);
                let opened = builder.open_existing(AccessMode::ReadWrite);
                let memory = opened.map_err(|error| format!("{error:?}"))?;
                black_box(memory.base_address());
            }
        }
        Ok(())
    }
}

/// The name as iceoryx2 has it, without the slash.
fn file_name(name: &str) -> Result<FileName> {
    let name = name.trim_start_matches('/');
    FileName::new(name.as_bytes()).map_err(|error| format!("{error:?}").into())
}
