use anju_core::error::{Refusal, RefusalCode};
use clap::{Command, CommandFactory};

use super::failure::{Code, Failure};
use super::help::{argument_words, command_key, localised};
use super::{Exit, Line};
use crate::words::Lang;

/// Every command with its path, the whole first.
fn walk(command: &Command, path: &str, see: &mut dyn FnMut(&str, &Command)) {
    see(path, command);
    for sub in command.get_subcommands() {
        let path = if path.is_empty() { sub.get_name().to_owned() } else { format!("{path}-{}", sub.get_name()) };
        walk(sub, &path, see);
    }
}

#[test]
fn every_command_and_every_argument_has_help_in_both_languages() {
    let mut seen = 0;
    walk(&Line::command(), "", &mut |path, command| {
        for lang in Lang::ALL {
            assert!(lang.find(&command_key(path)).is_some(), "command {path:?} in {}", lang.locale());
            for argument in command.get_arguments() {
                let id = argument.get_id().as_str();
                assert!(argument_words(lang, path, id).is_some(), "argument {id} of {path:?} in {}", lang.locale());
                seen += 1;
            }
        }
    });
    assert!(seen > 80, "the walk saw only {seen} arguments");
}

#[test]
fn no_english_of_claps_is_in_chinese_help() {
    walk(&localised(Line::command(), Lang::Chinese), "", &mut |path, command| {
        let help = command.clone().render_long_help().to_string();
        for english in
            ["Usage", "Options", "OPTIONS", "Commands", "COMMAND", "Arguments", "default", "env:", "possible values", "Print help"]
        {
            assert!(!help.contains(english), "{english} in the help of {path:?}:\n{help}");
        }
        assert!(help.contains("用法：anju"), "{help}");
        for value in help.split('<').skip(1).filter_map(|rest| rest.split_once('>')).map(|(value, _)| value) {
            assert!(!value.is_ascii(), "<{value}> in the help of {path:?}");
        }
    });
}

#[test]
fn english_help_says_what_chinese_help_says() {
    walk(&localised(Line::command(), Lang::English), "", &mut |path, command| {
        let help = command.clone().render_long_help().to_string();
        assert!(help.contains("Usage: anju"), "{path:?}:\n{help}");
        assert!(help.is_ascii(), "{path:?}:\n{help}");
    });
}

#[test]
fn no_secret_is_ever_an_argument() {
    walk(&Line::command(), "", &mut |path, command| {
        for argument in command.get_arguments() {
            let names = argument.get_long().into_iter().chain([argument.get_id().as_str()]);
            for name in names.filter(|name| !name.replace('_', "-").ends_with("passphrase-file")) {
                let secret = ["passphrase", "password", "secret", "key"].iter().any(|word| name.contains(word));
                assert!(!secret, "{name} of {path:?}");
            }
        }
    });
}

#[test]
fn every_failure_has_three_sentences_in_both_languages_and_fills_their_gaps_or_leaves_none() {
    for lang in Lang::ALL {
        for code in Code::ALL {
            for part in ["what", "undone", "next"] {
                assert!(lang.find(&format!("error.{}.{part}", code.as_str())).is_some(), "{} {part} in {}", code.as_str(), lang.locale());
            }
            assert_ne!(code.exit(), Exit::Ok);
        }
    }
}

#[test]
fn a_refusal_is_told_to_a_person_and_to_a_program_alike() {
    let failure = Failure::from(Refusal::about(RefusalCode::WrongCentre, "C46020\u{1b}[2J"));
    let text = failure.text(Lang::Chinese);
    assert!(text.starts_with("拒绝 [wrong-centre]") && text.contains("下一步：") && text.contains("C46020[2J"), "{text}");
    assert!(!text.contains('\u{1b}'));
    let json = failure.json(Lang::English);
    assert_eq!(json["error"]["code"], "wrong-centre");
    assert_eq!(json["error"]["kind"], "refusal");
    assert_eq!(json["error"]["exit"], 77);
    assert!(json["error"]["next"].as_str().is_some_and(|next| !next.is_empty()));
}

#[test]
fn the_command_is_what_clap_calls_consistent() {
    Line::command().debug_assert();
    for lang in Lang::ALL {
        localised(Line::command(), lang).debug_assert();
    }
}
