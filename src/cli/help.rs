//! Help in the user's language: every text of clap's is replaced by one of `locales/`, and its complaints become failures.

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, Command};

use super::failure::{Code, Failure};
use crate::words::Lang;

/// `command` with all its help in `lang`.
pub(super) fn localised(command: Command, lang: Lang) -> Command {
    let mut command = worded(command, lang, "");
    // Usage lines are made by clap when all arguments are known, and only then can their English be replaced.
    command.build();
    with_usage(command, lang)
}

/// Key of a command's words: its path with hyphens, or `anju` for the whole.
pub(super) fn command_key(path: &str) -> String {
    format!("command.{}", if path.is_empty() { "anju" } else { path })
}

/// The words of an argument: its own in that command, else those it has everywhere.
pub(super) fn argument_words(lang: Lang, path: &str, id: &str) -> Option<String> {
    let id = id.replace('_', "-");
    lang.find(&format!("argument.{path}.{id}")).or_else(|| lang.find(&format!("argument.any.{id}")))
}

fn worded(command: Command, lang: Lang, path: &str) -> Command {
    let template = format!("{{about-with-newline}}\n{}{{usage}}\n\n{{all-args}}{{after-help}}\n", lang.say("help.usage"));
    let name = |sub: &Command| if path.is_empty() { sub.get_name().to_owned() } else { format!("{path}-{}", sub.get_name()) };
    command
        .about(lang.say(&command_key(path)))
        .help_template(template)
        .subcommand_help_heading(lang.say("help.commands"))
        .subcommand_value_name(lang.say("help.command"))
        .mut_args(|arg| worded_argument(arg, lang, path))
        .mut_subcommands(|sub| {
            let path = name(&sub);
            worded(sub, lang, &path)
        })
}

fn worded_argument(arg: Arg, lang: Lang, path: &str) -> Arg {
    let heading = if arg.is_positional() { "help.arguments" } else { "help.options" };
    let words = argument_words(lang, path, arg.get_id().as_str()).unwrap_or_default();
    let value = arg.get_value_names().and_then(<[_]>::first).and_then(|name| lang.find(&format!("value.{}", name.to_lowercase())));
    let arg = arg.help(words).help_heading(lang.say(heading));
    if !arg.get_action().takes_values() {
        return arg;
    }
    // Shown in English by clap; the words say it where it matters.
    let arg = arg.hide_env(true).hide_default_value(true).hide_possible_values(true);
    match value {
        Some(value) => arg.value_name(value),
        None => arg,
    }
}

fn with_usage(mut command: Command, lang: Lang) -> Command {
    let usage = command.render_usage().to_string();
    let usage = usage.strip_prefix("Usage: ").unwrap_or(&usage).replace("[OPTIONS]", &lang.say("help.some-options"));
    command.override_usage(usage).mut_subcommands(|sub| with_usage(sub, lang))
}

/// What clap complains about, as a failure with our words.
pub(super) fn explain(error: &clap::Error) -> Failure {
    let text = |kind| error.get(kind).map(value_text).unwrap_or_default();
    let code = match error.kind() {
        ErrorKind::UnknownArgument => Code::UsageUnknown,
        ErrorKind::InvalidSubcommand | ErrorKind::MissingSubcommand | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            Code::UsageCommand
        }
        ErrorKind::MissingRequiredArgument => Code::UsageMissing,
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => Code::UsageValue,
        ErrorKind::ArgumentConflict => Code::UsageConflict,
        _ => Code::Usage,
    };
    let meant = [ContextKind::SuggestedArg, ContextKind::SuggestedSubcommand, ContextKind::SuggestedValue, ContextKind::ValidValue];
    let suggestion = meant.into_iter().map(text).find(|text| !text.is_empty());
    Failure::new(code)
        .with("argument", text(ContextKind::InvalidArg))
        .with("other", text(ContextKind::PriorArg))
        .with("value", text(ContextKind::InvalidValue))
        .with("command", text(ContextKind::InvalidSubcommand))
        .with("suggestion", suggestion.map_or_else(String::new, |s| format!(" → {s}")))
}

fn value_text(value: &ContextValue) -> String {
    match value {
        ContextValue::String(one) => one.clone(),
        ContextValue::Strings(many) => many.join(", "),
        ContextValue::Number(number) => number.to_string(),
        _ => String::new(),
    }
}
