//! Hosts that are really apart: each a network namespace of its own with one address and one device, and between them a switch of the test's
//! that delays, loses, doubles, disorders and cuts.
//!
//! ```text
//!   host 0 (namespace)                 the test's process                 host 1 (namespace)
//!   192.0.2.1  TUN device ──packets──▶ switch: one line each way ──▶ TUN device  192.0.2.2
//! ```
//!
//! It takes the right to make namespaces and devices (root, or `unshare --map-root-user --net --mount` where `/dev/net/tun` may be opened),
//! `ip`, `unshare`, `nsenter` and a C compiler. Where the machine does not have all that, [`Hosts::new`] says what is missing and the
//! test is skipped; with `ANJU_REQUIRE_ALL=1` it fails.
//!
//! No host reaches anything but its like: there is no route out of a namespace. Devices and namespaces belong to processes and have no name
//! that another run could meet. They are gone, and whatever runs in them is killed, when the test ends, however it ends: each namespace has
//! a keeper that waits for the end of its standard input. What must never be here: what a test asserts; anything of the product.

mod clock;
mod link;
mod switch;

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

pub(crate) use clock::Clock;
pub(crate) use link::{Carried, Link};

use switch::{Switch, address_of};

/// With the value 1, what would be skipped fails.
const REQUIRE_ALL: &str = "ANJU_REQUIRE_ALL";
/// Gives the switch's chance, instead of the seed that the test names.
const SEED: &str = "ANJU_HOSTS_SEED";
/// Where packets come from.
const TUN: &str = "/dev/net/tun";
/// Where Debian keeps `ip`, beside what a user's path names.
const SYSTEM_PATH: &str = "/usr/sbin:/sbin";
/// Keeps a namespace until its standard input ends, and then kills whatever still runs there. An interrupt from a terminal reaches
/// the test, too; the keeper outlives it.
const KEEPER: &str = "trap '' INT TERM HUP; echo; read -r _
ours=$(readlink /proc/self/ns/net)
for process in /proc/[0-9]*; do
    if [ \"$process\" != /proc/$$ ] && [ \"$(readlink \"$process/ns/net\" 2>/dev/null)\" = \"$ours\" ]; then
        kill -9 \"${process#/proc/}\" 2>/dev/null
    fi
done";

/// One namespace.
#[derive(Debug)]
struct Host {
    keeper: Child,
    alive: Option<ChildStdin>,
    device: String,
    clock: Clock,
    skew_ms: i64,
}

/// So many hosts, and the switch between them.
#[derive(Debug)]
pub(crate) struct Hosts {
    hosts: Vec<Host>,
    switch: Switch,
    clock: Clock,
    _folder: tempfile::TempDir,
}

impl Hosts {
    /// So many hosts with good lines between them; nothing, and a line that says why, where the machine does not allow it.
    ///
    /// # Panics
    /// Where the machine does not allow it although everything must be tested.
    pub(crate) fn new(count: usize, seed: u64) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        if let Err(missing) = allowed(folder.path()) {
            assert!(std::env::var(REQUIRE_ALL).as_deref() != Ok("1"), "no hosts that are apart: {missing}, and {REQUIRE_ALL}=1");
            println!("skipped: no hosts that are apart on this machine: {missing}");
            return None;
        }
        let seed = std::env::var(SEED).map_or(seed, |text| text.parse().unwrap());
        println!("the switch's seed: {seed} (another by {SEED})");
        let shim = built(folder.path(), "clock.c", &["-shared", "-fPIC"]).unwrap();
        let tun = built(folder.path(), "tun.c", &[]).unwrap();
        let clock = Clock::new(&folder.path().join("clock"), &shim);
        let (mut hosts, mut devices) = (Vec::new(), Vec::new());
        for number in 0..count {
            let clock = Clock::new(&folder.path().join(format!("clock-{number}")), &shim);
            let (host, device) = Host::new(number, &tun, clock);
            hosts.push(host);
            devices.push(device);
        }
        Some(Self { hosts, switch: Switch::between(devices, seed), clock, _folder: folder })
    }

    pub(crate) fn len(&self) -> usize {
        self.hosts.len()
    }

    /// The address of a host.
    pub(crate) fn address(&self, host: usize) -> Ipv4Addr {
        assert!(host < self.len());
        address_of(host)
    }

    /// The same program with the same arguments and environment, on a host and by its clock. Standard streams are to be said anew. The
    /// process has the number that it would have without: it can be stopped and killed as ever.
    pub(crate) fn command(&self, host: usize, command: &Command) -> Command {
        let host = &self.hosts[host];
        let mut there = host.enter();
        there.arg("--").arg(command.get_program()).args(command.get_args()).stdin(Stdio::null());
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => there.env(name, value),
                None => there.env_remove(name),
            };
        }
        if let Some(folder) = command.get_current_dir() {
            there.current_dir(folder);
        }
        host.clock.given_to(&mut there);
        there
    }

    /// Starts a program on a host. It is killed with the host at the latest.
    pub(crate) fn spawn(&self, host: usize, command: &Command) -> Child {
        self.command(host, command).spawn().unwrap()
    }

    /// How the line from one host to another is from now on, in this direction.
    pub(crate) fn link(&self, from: usize, to: usize, link: Link) {
        self.switch.line(from, to, |line| line.link = link);
    }

    /// How every line is from now on.
    pub(crate) fn every_link(&self, link: Link) {
        self.pairs().for_each(|(from, to)| self.link(from, to, link));
    }

    /// Neither hears the other. What is under way still arrives.
    pub(crate) fn cut(&self, one: usize, other: usize) {
        self.cut_one_way(one, other);
        self.cut_one_way(other, one);
    }

    /// `to` no longer hears `from`.
    pub(crate) fn cut_one_way(&self, from: usize, to: usize) {
        self.switch.line(from, to, |line| line.cut = true);
    }

    /// Everybody hears everybody again. How bad the lines are stays as it is.
    pub(crate) fn heal(&self) {
        self.pairs().for_each(|(from, to)| self.switch.line(from, to, |line| line.cut = false));
    }

    /// Those of one group hear each other and nobody else. A host that is in no group hears nobody.
    pub(crate) fn partition(&self, groups: &[&[usize]]) {
        let together = |a, b| groups.iter().any(|group| group.contains(&a) && group.contains(&b));
        self.pairs().for_each(|(from, to)| self.switch.line(from, to, |line| line.cut = !together(from, to)));
    }

    /// Only these pairs hear each other.
    pub(crate) fn only(&self, lines: &[(usize, usize)]) {
        let there = |a, b| lines.contains(&(a, b)) || lines.contains(&(b, a));
        self.pairs().for_each(|(from, to)| self.switch.line(from, to, |line| line.cut = !there(from, to)));
    }

    /// What went from one host to another so far.
    pub(crate) fn carried(&self, from: usize, to: usize) -> Carried {
        self.switch.line(from, to, |line| line.carried)
    }

    /// What went over all lines so far.
    pub(crate) fn carried_by_all(&self) -> Carried {
        let mut all = Carried::default();
        self.pairs().for_each(|(from, to)| all += self.carried(from, to));
        all
    }

    /// The right time, by which the test's own programs go.
    pub(crate) fn clock(&self) -> &Clock {
        &self.clock
    }

    /// The clock of a host.
    pub(crate) fn clock_of(&self, host: usize) -> &Clock {
        &self.hosts[host].clock
    }

    /// All clocks go on by so much at once.
    pub(crate) fn time_passes(&self, ms: i64) {
        self.clock.set(self.clock.ahead_ms() + ms);
        self.hosts.iter().for_each(|host| host.clock.set(host.skew_ms + self.clock.ahead_ms()));
    }

    /// The clock of one host is wrong by so much from now on.
    pub(crate) fn skew(&mut self, host: usize, ms: i64) {
        self.hosts[host].skew_ms = ms;
        self.hosts[host].clock.set(ms + self.clock.ahead_ms());
    }

    fn pairs(&self) -> impl Iterator<Item = (usize, usize)> + use<> {
        let count = self.len();
        (0..count * count).map(move |line| (line / count, line % count)).filter(|(from, to)| from != to)
    }
}

impl Drop for Hosts {
    fn drop(&mut self) {
        // Devices first, so that the switch's readers wake; hosts and their processes with them.
        self.hosts.clear();
        self.switch.end();
    }
}

impl Host {
    /// A namespace with one address, and the other end of its device.
    fn new(number: usize, tun: &Path, clock: Clock) -> (Self, File) {
        static SERIAL: AtomicU32 = AtomicU32::new(0);
        let device = format!("ah{}x{}", std::process::id(), SERIAL.fetch_add(1, Ordering::Relaxed));
        let mut keeper = tool("unshare");
        keeper.args(["--net", "--", "sh", "-c", KEEPER]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut keeper = keeper.spawn().unwrap();
        let (alive, mut ready) = (keeper.stdin.take(), String::new());
        BufReader::new(keeper.stdout.take().unwrap()).read_line(&mut ready).unwrap();
        assert_eq!(ready, "\n", "no keeper of a namespace");
        let host = Self { keeper, alive, device, clock, skew_ms: 0 };

        let packets = File::options().read(true).write(true).open(TUN).unwrap();
        succeeds(Command::new(tun).arg(&host.device).stdin(packets.try_clone().unwrap()));
        // The device moves, the descriptor stays.
        succeeds(tool("ip").args(["link", "set", "dev", &host.device, "netns", &host.keeper.id().to_string()]));
        host.configure(address_of(number));
        (host, packets)
    }

    fn configure(&self, address: Ipv4Addr) {
        let device = &self.device;
        let lines = format!(
            "link set dev lo up\nlink set dev {device} addrgenmode none\naddress add {address}/24 dev {device}\nlink set dev {device} up\n"
        );
        let mut batch = self.enter();
        batch.args(["--", "ip", "-batch", "-"]).stdin(Stdio::piped());
        let mut batch = batch.spawn().unwrap();
        batch.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
        assert!(batch.wait().unwrap().success(), "{lines}");
    }

    /// What follows runs in the namespace.
    fn enter(&self) -> Command {
        let mut command = tool("nsenter");
        command.arg(format!("--net=/proc/{}/ns/net", self.keeper.id()));
        command
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        let _ = self.enter().args(["--", "ip", "link", "delete", "dev", &self.device]).stderr(Stdio::null()).status();
        self.alive = None;
        let _ = self.keeper.wait();
    }
}

fn tool(name: &str) -> Command {
    let mut command = Command::new(name);
    let path = std::env::var("PATH").unwrap_or_default();
    command.env("PATH", format!("{path}:{SYSTEM_PATH}"));
    command
}

fn succeeds(command: &mut Command) {
    let status = command.status().unwrap();
    assert!(status.success(), "{command:?}: {status}");
}

/// A C file of this folder, built.
fn built(folder: &Path, name: &str, flags: &[&str]) -> Result<PathBuf, String> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/hosts").join(name);
    let to = folder.join(Path::new(name).with_extension("built"));
    let mut compiler = tool("cc");
    compiler.arg("-O1").args(flags).arg("-o").arg(&to).arg(source);
    does(&mut compiler).map(|()| to)
}

/// Whether the machine allows such hosts: everything is tried once.
fn allowed(folder: &Path) -> Result<(), String> {
    File::options().read(true).write(true).open(TUN).map_err(|e| format!("{TUN}: {e}"))?;
    does(tool("unshare").args(["--net", "--", "nsenter", "--net=/proc/self/ns/net", "--", "ip", "link", "set", "dev", "lo", "up"]))?;
    let probe = folder.join("probe.c");
    std::fs::write(&probe, "int main(void) { return 0; }\n").unwrap();
    does(tool("cc").arg("-o").arg(folder.join("probe")).arg(probe))
}

fn does(command: &mut Command) -> Result<(), String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.stdin(Stdio::null()).output().map_err(|e| format!("{name}: {e}"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    output.status.success().then_some(()).ok_or_else(|| format!("{name}: {}", said.trim()))
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;

    use super::*;

    const DAY_MS: i64 = 24 * 3_600_000;

    /// What a program says on a host.
    fn said(hosts: &Hosts, host: usize, program: &str, arguments: &[&str]) -> String {
        let mut there = Command::new(program);
        let output = hosts.command(host, there.args(arguments)).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    #[test]
    fn a_host_has_one_address_no_way_out_and_ends_with_everything_that_runs_on_it() {
        let Some(hosts) = Hosts::new(2, 1) else { return };
        for host in [0, 1] {
            let addresses = said(&hosts, host, "ip", &["-o", "-4", "address", "show", "up", "scope", "global"]);
            assert!(addresses.lines().count() == 1 && addresses.contains(&format!(" {}/24 ", hosts.address(host))), "{addresses}");
            let routes = said(&hosts, host, "ip", &["route"]);
            assert!(routes.lines().count() == 1 && routes.starts_with("192.0.2.0/24 "), "{routes}");
        }
        let mut left_behind = hosts.spawn(1, Command::new("sleep").arg("600"));
        drop(hosts);
        assert_eq!(left_behind.wait().unwrap().signal(), Some(9));
    }

    #[test]
    fn a_program_on_a_host_goes_by_the_clock_of_the_host() {
        let Some(mut hosts) = Hosts::new(2, 1) else { return };
        let date = |hosts: &Hosts, host| said(hosts, host, "date", &["+%s"]).trim().parse::<i64>().unwrap();
        hosts.time_passes(14 * DAY_MS);
        hosts.skew(1, -DAY_MS);
        let ahead = [0, 1].map(|host| date(&hosts, host)).map(|then| then - crate::federation::now().0 / 1000);
        assert!((0..60).contains(&(ahead[0] - 14 * DAY_MS / 1000)) && (0..60).contains(&(ahead[1] - 13 * DAY_MS / 1000)), "{ahead:?}");
    }
}
