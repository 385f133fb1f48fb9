//! The linker's arguments for a program without a runtime.

fn main() {
    for argument in [
        // Where the system begins it, and without a console, which would be a window over the game.
        "/ENTRY:mainCRTStartup",
        "/SUBSYSTEM:WINDOWS",
        // There is no C library, and none is looked for.
        "/NODEFAULTLIB",
        // Two builds are equal: no time of the build, and no place of debug information.
        "/Brepro",
        "/DEBUG:NONE",
    ] {
        println!("cargo::rustc-link-arg-bins={argument}");
    }
    println!("cargo::rerun-if-changed=build.rs");
}
