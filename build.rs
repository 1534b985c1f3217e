//! The migrations are compiled in; without this a new one would go unnoticed.

fn main() {
    println!("cargo::rerun-if-changed=migrations");
}
