//! The command `anju`. Everything it does is in the library; here is only the way out.

fn main() -> std::process::ExitCode {
    anju::cli::main()
}
