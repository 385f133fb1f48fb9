//! Recordings of file mappings that replay: the bytes of names as they change, in an MCAP file.
