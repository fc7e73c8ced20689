//! The first operator of a centre: a security administrator, made by `anju init`, or by `anju operator first` in a folder that was
//! initialised before there were operators.

use std::io::{self, IsTerminal};
use std::path::PathBuf;

use anju_core::error::{Refusal, RefusalCode};
use anju_core::facts::text::shown;
use anju_core::node::Env;
use anju_core::node::operator::first_operator;
use anju_core::operator::{MAX_DISPLAY_CHARS, Operator, OperatorName, Role, staff_number};
use anju_core::sign::SecretKey;
use rand_core::Rng;

use super::common;
use super::failure::{Code, Failure};
use super::out::Ctx;
use super::store::store_failure;
use crate::config::atomic;
use crate::config::folder::DataFolder;
use crate::keys::passphrase::Passphrase;
use crate::store::Store;

/// Name of the file with the first operator's passphrase, where nobody was there to type one.
pub(super) const PASSPHRASE_FILE: &str = "first-operator.passphrase";
/// Characters of a passphrase that is made here: 5 bits each.
const MADE_CHARS: usize = 24;
/// Without those that are mistaken for others.
const MADE_ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";

#[derive(Debug, clap::Args)]
pub(super) struct AdminArgs {
    #[arg(long, value_name = "OPERATOR", default_value = "admin")]
    admin: OperatorName,
    #[arg(long, value_name = "NAME")]
    admin_display: Option<String>,
    #[arg(long, value_name = "NUMBER")]
    admin_staff_no: Option<String>,
    #[arg(long, value_name = "FILE")]
    admin_passphrase_file: Option<PathBuf>,
}

/// The first operator, not yet in any store.
pub(super) struct First {
    account: Operator,
    /// Made here and to be written into a file, when nobody typed one.
    made: Option<Passphrase>,
}

impl First {
    /// Asks for what is missing, on a terminal; without one a passphrase is made.
    pub(super) fn prepare(ctx: Ctx, args: &AdminArgs) -> Result<Self, Failure> {
        // Before a passphrase is typed, and before anything is made.
        let display = args.admin_display.clone().unwrap_or_else(|| args.admin.to_string());
        let staff_no = args.admin_staff_no.clone().unwrap_or_else(|| args.admin.to_string());
        if shown(&display, MAX_DISPLAY_CHARS).is_none() {
            return Err(Refusal::about(RefusalCode::FieldMissing, "display").into());
        }
        if staff_number(&staff_no).is_none() {
            return Err(Refusal::about(RefusalCode::FieldMissing, "staff-no").into());
        }
        let someone_there = !ctx.json && io::stdin().is_terminal() && io::stderr().is_terminal();
        let mut rng = common::randomness()?;
        let (passphrase, made) = if args.admin_passphrase_file.is_some() || someone_there {
            let ask = ctx.fill("prompt.operator-passphrase-new", &[("operator", args.admin.as_str())]);
            (common::new_passphrase(ctx, args.admin_passphrase_file.as_deref(), &ask)?, false)
        } else {
            (random_passphrase(&mut rng)?, true)
        };
        let key = SecretKey::random(&mut rng);
        let sealed = common::seal_key(&mut rng, &args.admin, &key, &passphrase)?;
        let (name, role, created) = (args.admin.clone(), Role::Security, common::now());
        let account = Operator { name, display, staff_no, role, key: key.public(), sealed, created, disabled: None };
        Ok(Self { account, made: made.then_some(passphrase) })
    }

    /// What they log in with.
    pub(super) const fn name(&self) -> &OperatorName {
        &self.account.name
    }

    /// Puts the account into the store, and the passphrase into its file if it was made here. The file's path then.
    pub(super) fn store(self, folder: &DataFolder, store: &mut Store) -> Result<Option<PathBuf>, Failure> {
        let mut rng = common::randomness()?;
        store.begin().map_err(store_failure)?;
        let mut env = Env { now: common::now(), rng: &mut rng, shelf: &*store };
        let writes = first_operator(&mut env, self.account).map_err(|e| Failure::new(Code::StoreFailed).with("detail", e))??;
        // Before the account: an account whose passphrase nobody has would shut everybody out.
        let path = self.made.map(|passphrase| {
            let path = folder.path(PASSPHRASE_FILE);
            let text = zeroize::Zeroizing::new([passphrase.expose(), b"\n"].concat());
            common::write_out(&path, &text, atomic::PRIVATE).map(|()| path)
        });
        let path = path.transpose()?;
        for write in &writes {
            store.apply(write).map_err(store_failure)?;
        }
        store.commit().map_err(store_failure)?;
        Ok(path)
    }
}

/// What is to be said of the first operator.
pub(super) fn told(ctx: Ctx, name: &OperatorName, file: Option<&PathBuf>) -> String {
    match file {
        Some(path) => ctx.fill("init.operator-made", &[("operator", name.as_str()), ("path", &common::shown(path))]),
        None => ctx.fill("init.operator", &[("operator", name.as_str())]),
    }
}

fn random_passphrase(rng: &mut impl Rng) -> Result<Passphrase, Failure> {
    let mut text = zeroize::Zeroizing::new(String::with_capacity(MADE_CHARS + MADE_CHARS / 4));
    for i in 0..MADE_CHARS {
        if i > 0 && i % 6 == 0 {
            text.push('-');
        }
        let index = usize::try_from(rng.next_u32() % 32).unwrap_or_default();
        text.push(char::from(MADE_ALPHABET[index]));
    }
    Passphrase::new(&text).map_err(|e| common::passphrase_failure(None, e))
}
