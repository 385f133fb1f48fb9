//! Short names for conditions that several files of the library stand under.

fn main() {
    cfg_aliases::cfg_aliases! {
        // The guard has assembly for this processor, and is to use it.
        guard_assembly: {
            all(
                any(all(target_arch = "x86_64", target_pointer_width = "64"), target_arch = "aarch64"),
                not(filemap_portable_copies)
            )
        },
    }
    println!("cargo::rerun-if-changed=build.rs");
}
