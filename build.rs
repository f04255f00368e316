//! How the program is linked.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    // What the loader puts right at each start takes 33 kB so instead of 2.1 MB, all of which it reads, and which stays in memory.
    // It wants a C library of 2.36 (Debian 12) or later where the program runs; an older linker passes it over.
    println!("cargo:rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
}
