//! Carries bounded frames between the stations of a federation, over libp2p, and knows nothing of what they mean.
//!
//! Two ways to carry: an *announcement* goes to everybody and may get lost (gossip), a *call* goes to one station and always ends,
//! with its answer or with the reason why there is none. Who may connect is a list of station keys; everybody else is refused at the
//! handshake. What must never be here: a journal, a grant, a charter, a cipher of ours, a clock the core could see, a queue without
//! an end. This is the only room that may name libp2p.
//!
//! | file | what it is for |
//! | --- | --- |
//! | [`message`] | what goes in ([`PeerCommand`]) and comes out ([`PeerEvent`]) |
//! | [`config`] | what a station must know before it starts, and why it may not start |
//! | `station`, `address` | station keys as peer ids; the few address forms we speak |
//! | `codec`, `gossip` | frames on a stream; announcements and the judgement they wait for |
//! | `behaviour` | every limit on connections, streams and memory |
//! | `dialer`, `calls`, `outbox` | who is dialled when; what is in flight; what the consumer has not taken yet |
//! | `links` | where each member is reached, how long a ping takes, how much came and went |
//! | `listen`, `engine` | binding, and the one loop |

mod address;
mod behaviour;
mod calls;
mod codec;
pub mod config;
mod dialer;
mod engine;
mod gossip;
mod handle;
mod links;
mod listen;
pub mod message;
mod outbox;
mod station;

pub use address::is_dialable;
pub use codec::{PROTOCOL, REQUEST_MAX_BYTES, RESPONSE_MAX_BYTES};
pub use config::{Member, PeersConfig, PeersError};
pub use engine::start;
pub use gossip::ANNOUNCEMENT_MAX_BYTES;
pub use handle::{PeersHandle, SendError};
pub use links::Link;
pub use message::{CallFailure, PeerCommand, PeerEvent, RefusedReason, Verdict};
