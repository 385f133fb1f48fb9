//! Embeds the helper of `filemap wine`, if the variable `FILEMAP_WINE_HELPER` has its path.

fn main() {
    println!("cargo::rerun-if-env-changed=FILEMAP_WINE_HELPER");
    println!("cargo::rustc-check-cfg=cfg(filemap_helper)");
    if let Some(path) = std::env::var_os("FILEMAP_WINE_HELPER") {
        println!("cargo::rerun-if-changed={}", path.to_string_lossy());
        println!("cargo::rustc-cfg=filemap_helper");
    }
}
