pub const COMMANDS: &[crate::cmd::Command] = &[];
/// x
#[must_use]
pub fn make() -> Box<dyn crate::screen::Screen> {
    crate::screens::blacklist::make()
}
