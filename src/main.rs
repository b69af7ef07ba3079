//! The `pycoc` program: everything is in the library.

fn main() -> std::process::ExitCode {
    pycoc::cli::main()
}
