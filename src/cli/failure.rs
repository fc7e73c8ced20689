//! What went wrong, in three parts: what happened, what was not done, what to do next.

use anju_core::error::{Refusal, RefusalCode};
use serde_json::{Value, json};

use super::exit::Exit;
use crate::words::Lang;

macro_rules! failures {
    ($($(#[$doc:meta])* $variant:ident = $code:literal => $exit:ident),+ $(,)?) => {
        /// Why a command failed, other than a refusal. The code is stable; `locales/` has three sentences for each.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Code { $($(#[$doc])* $variant),+ }
        impl Code {
            /// Every code there is.
            #[cfg(test)]
            pub(crate) const ALL: &'static [Self] = &[$(Self::$variant),+];
            /// The stable code.
            pub(crate) const fn as_str(self) -> &'static str { match self { $(Self::$variant => $code),+ } }
            /// How the command ends.
            pub(crate) const fn exit(self) -> Exit { match self { $(Self::$variant => Exit::$exit),+ } }
        }
    };
}

failures! {
    UsageUnknown = "usage-unknown" => Usage,
    UsageMissing = "usage-missing" => Usage,
    UsageValue = "usage-value" => Usage,
    UsageConflict = "usage-conflict" => Usage,
    UsageCommand = "usage-command" => Usage,
    Usage = "usage" => Usage,
    AlreadyInitialised = "already-initialised" => CantCreate,
    NotInitialised = "not-initialised" => NoInput,
    FolderOpen = "folder-open-to-others" => Refused,
    FolderLocked = "folder-locked" => TryLater,
    ConfigUnknownKey = "config-unknown-key" => Config,
    ConfigUnknownKeyNear = "config-unknown-key-near" => Config,
    ConfigInvalid = "config-invalid" => Config,
    ConfigNotAllowed = "config-not-allowed" => Config,
    ConfigCatalogue = "config-catalogue" => Config,
    SocketPath = "socket-path-too-long" => Config,
    PassphraseEmpty = "passphrase-empty" => Usage,
    PassphraseShort = "passphrase-too-short" => Usage,
    PassphraseLong = "passphrase-too-long" => Usage,
    PassphraseText = "passphrase-not-text" => Usage,
    PassphraseDiffer = "passphrase-differ" => Usage,
    PassphraseNoTerminal = "passphrase-no-terminal" => Usage,
    PassphraseFile = "passphrase-file" => NoInput,
    PassphraseWrong = "passphrase-wrong" => Refused,
    OperatorPassphraseWrong = "operator-passphrase-wrong" => Refused,
    SecretMissing = "secret-missing" => NoInput,
    SecretDamaged = "secret-damaged" => Data,
    PeerNotRunning = "peer-not-running" => Unavailable,
    PeerOtherUser = "peer-other-user" => Refused,
    PeerTimeout = "peer-timeout" => TryLater,
    PeerClosed = "peer-closed" => Unavailable,
    PeerGarbled = "peer-garbled" => Protocol,
    PeerFailed = "peer-failed" => Software,
    RequestTooLong = "request-too-long" => Data,
    InputUnreadable = "input-unreadable" => NoInput,
    InputTooLarge = "input-too-large" => Data,
    OutputExists = "output-exists" => CantCreate,
    OutputFailed = "output-failed" => Io,
    QrTooLarge = "qr-too-large" => CantCreate,
    DemoStage = "demo-stage" => CantCreate,
    NotConfirmed = "not-confirmed" => Usage,
    NoConfirmation = "no-confirmation" => Usage,
    ClerkMissing = "clerk-missing" => Usage,
    KindUnknown = "kind-unknown" => Usage,
    CardShape = "card-shape" => Data,
    CardBad = "card-bad" => Data,
    CardSignature = "card-signature" => Data,
    CharterShape = "charter-shape" => Data,
    CharterRule = "charter-rule" => Data,
    CharterUnsigned = "charter-unsigned" => Refused,
    CharterChain = "charter-chain" => Refused,
    ProposalName = "proposal-name" => Usage,
    CardFingerprint = "card-fingerprint" => Refused,
    InvitationShape = "invitation-shape" => Data,
    InvitationSignature = "invitation-signature" => Refused,
    InvitationOtherCard = "invitation-other-card" => Refused,
    InvitationExpired = "invitation-expired" => Refused,
    CharterSignature = "charter-signature" => Refused,
    CharterNotAMember = "charter-not-a-member" => Refused,
    CharterOtherKeys = "charter-other-keys" => Refused,
    CharterOther = "charter-other" => CantCreate,
    CharterMissing = "charter-missing" => Config,
    TakeOverOwnKeys = "take-over-own-keys" => Refused,
    TakeOverOtherKeys = "take-over-other-keys" => Refused,
    CharterNoCentre = "charter-no-centre" => Refused,
    EvidenceBad = "evidence-bad" => Data,
    ExhibitBroken = "exhibit-broken" => Data,
    VerifyOtherFederation = "verify-other-federation" => Refused,
    VerifyCharterConflict = "verify-charter-conflict" => Refused,
    ExhibitLarge = "exhibit-too-large" => Data,
    FieldsMissing = "fields-missing" => Usage,
    StatedBad = "stated-bad" => Data,
    NoRandomness = "no-randomness" => Software,
    ServeFailed = "serve-failed" => Unavailable,
    DeskNoTerminal = "desk-no-terminal" => Usage,
    DeskTerminal = "desk-terminal" => Io,
    DeskNoFolder = "desk-no-folder" => NoInput,
    Interrupted = "interrupted" => TryLater,
    AddressBad = "address-bad" => Usage,
    PortInUse = "port-in-use" => Unavailable,
    ImportLocked = "import-locked" => TryLater,
    TableBad = "table-bad" => Data,
    TableChanged = "table-changed" => TryLater,
    TableScratch = "table-scratch" => Io,
    MapBad = "map-bad" => Usage,
    RejectsTaken = "rejects-taken" => CantCreate,
    CatalogueDiffers = "catalogue-differs" => Data,
    DocumentNoMissing = "document-no-missing" => Usage,
    CursorFile = "cursor-file" => Data,
    SourceNotConfigured = "source-not-configured" => Config,
    SourceUnreadable = "source-unreadable" => NoInput,
    StoreInUse = "store-in-use" => TryLater,
    StoreMissing = "store-missing" => NoInput,
    StoreOther = "store-other" => Data,
    StoreWrongKey = "store-wrong-key" => Refused,
    StoreFull = "store-full" => Io,
    StoreDamaged = "store-damaged" => Data,
    StoreFailed = "store-failed" => Io,
    StoreDiffers = "store-differs" => Data,
    MatterBad = "matter-bad" => Data,
    CatalogueBad = "catalogue-bad" => Data,
    ValuesBad = "values-bad" => Data,
    WindowAddress = "window-address" => Usage,
    WindowTrust = "window-trust" => NoInput,
    WindowUnreachable = "window-unreachable" => Unavailable,
    WindowGarbled = "window-garbled" => Protocol,
    WindowOther = "window-other" => Usage,
    Internal = "internal" => Software,
}

/// A command that was not carried out.
#[derive(Debug)]
pub(crate) struct Failure {
    why: Why,
    values: Vec<(&'static str, String)>,
}

#[derive(Debug)]
enum Why {
    Ours(Code),
    Refused(RefusalCode),
}

impl Failure {
    /// A failure that its words say everything about.
    pub(crate) const fn new(code: Code) -> Self {
        Self { why: Why::Ours(code), values: Vec::new() }
    }

    /// Fills `%{name}` in the words. Never with personal data.
    pub(crate) fn with(mut self, name: &'static str, value: impl std::fmt::Display) -> Self {
        self.values.push((name, super::text::clean(&value.to_string())));
        self
    }

    /// Whether the peer refused for this reason.
    pub(crate) fn is_refusal(&self, code: RefusalCode) -> bool {
        matches!(self.why, Why::Refused(refused) if refused == code)
    }

    /// Whether the command failed for this reason of its own.
    pub(crate) fn is(&self, code: Code) -> bool {
        matches!(self.why, Why::Ours(ours) if ours == code)
    }

    /// Whether it is a refusal of the peer, its code, and the values of its words.
    pub(crate) fn parts(self) -> (bool, &'static str, Vec<(&'static str, String)>) {
        (matches!(self.why, Why::Refused(_)), self.code(), self.values)
    }

    /// How the command ends.
    pub(crate) const fn exit(&self) -> Exit {
        match self.why {
            Why::Ours(code) => code.exit(),
            Why::Refused(code) => Exit::of_refusal(code),
        }
    }

    /// The three sentences, for a person.
    pub(crate) fn text(&self, lang: Lang) -> String {
        let [what, undone, next] = self.sentences(lang);
        let (code, detail) = (self.code(), self.detail_words(lang));
        let head = match self.why {
            Why::Ours(_) => lang.say("error.head"),
            Why::Refused(_) => lang.say("error.head-refused"),
        };
        let (undone_head, next_head) = (lang.say("error.head-undone"), lang.say("error.head-next"));
        let request = self.values.iter().find(|(name, _)| *name == "request");
        let request = request.map_or_else(String::new, |(_, id)| lang.fill("error.request", &[("request", id)]));
        let recorded = self.values.iter().any(|(name, value)| *name == "recorded" && value == "true");
        let recorded = if recorded { lang.say("error.recorded") } else { String::new() };
        format!("{head} [{code}] {what}{detail}\n  {undone_head}{undone}{recorded}\n  {next_head}{next}\n{request}")
    }

    /// The same for a program.
    pub(crate) fn json(&self, lang: Lang) -> Value {
        let [message, undone, next] = self.sentences(lang);
        let kind = match self.why {
            Why::Ours(_) => "error",
            Why::Refused(_) => "refusal",
        };
        let details: serde_json::Map<String, Value> = self.values.iter().map(|(k, v)| ((*k).to_owned(), json!(v))).collect();
        let exit = self.exit() as u8;
        json!({ "error": {
            "code": self.code(), "kind": kind, "exit": exit, "message": message, "undone": undone, "next": next, "details": details,
        } })
    }

    const fn code(&self) -> &'static str {
        match self.why {
            Why::Ours(code) => code.as_str(),
            Why::Refused(code) => code.as_str(),
        }
    }

    fn detail_words(&self, lang: Lang) -> String {
        let detail = self.values.iter().find(|(name, _)| *name == "refusal_detail");
        detail.map_or_else(String::new, |(_, value)| lang.fill("error.refusal-detail", &[("detail", value)]))
    }

    fn sentences(&self, lang: Lang) -> [String; 3] {
        let room = match self.why {
            Why::Ours(_) => "error",
            Why::Refused(_) => "refusal",
        };
        let values: Vec<(&str, &str)> = self.values.iter().map(|(name, value)| (*name, value.as_str())).collect();
        ["what", "undone", "next"].map(|part| {
            let key = format!("{room}.{}.{part}", self.code());
            // Every refusal leaves the same thing undone unless its own words say otherwise.
            if lang.find(&key).is_none() && part == "undone" {
                return lang.say(&format!("{room}.undone"));
            }
            lang.fill(&key, &values)
        })
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        let failure = Self { why: Why::Refused(refusal.code), values: Vec::new() };
        match refusal.detail {
            Some(detail) => failure.with("refusal_detail", detail),
            None => failure,
        }
    }
}

impl From<Code> for Failure {
    fn from(code: Code) -> Self {
        Self::new(code)
    }
}
