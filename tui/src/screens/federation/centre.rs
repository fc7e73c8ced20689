//! One centre: its row of the table, everything that is known of it, and how it went lately.

use anju_core::desk::{JournalStatus, StationStatus, Status, Trend};
use anju_core::time::Time;
use ratatui::layout::Rect;

use crate::canvas::Canvas;
use crate::shown::Shown;
use crate::theme::Tone;
use crate::widgets::detail::Line;
use crate::widgets::list::{Column, Row};
use crate::widgets::plot::{Range, bytes, plot};
use crate::words::Words;

/// In the order of what matters: at 80 columns the last one is not there, and it stands with the details.
pub(super) const COLUMNS: &[Column] = &[
    Column { word: "federation.column-centre", min: 6, grow: 0 },
    Column { word: "federation.column-name", min: 12, grow: 2 },
    Column { word: "federation.column-state", min: 10, grow: 0 },
    Column { word: "federation.column-heard", min: 9, grow: 0 },
    Column { word: "federation.column-rows", min: 14, grow: 0 },
    Column { word: "federation.column-link", min: 8, grow: 0 },
    Column { word: "federation.column-trip", min: 7, grow: 0 },
    Column { word: "federation.column-address", min: 42, grow: 1 },
];
/// Columns that words take beside a plot at most.
const PLOT_WORDS_COLUMNS: u16 = 44;
/// Rows of [`draw_trend`].
pub(super) const TREND_ROWS: u16 = 3;

#[derive(Clone)]
pub(super) struct Centre {
    pub(super) journal: JournalStatus,
    pub(super) own: bool,
    stations: Vec<StationStatus>,
}

impl Centre {
    /// The centre of this journal.
    pub(super) fn of(status: &Status, journal: &JournalStatus) -> Self {
        let stations = status.stations.iter().filter(|station| station.centre == journal.centre).cloned().collect();
        Self { own: journal.centre == status.centre, journal: journal.clone(), stations }
    }

    /// The quickest way there, in milliseconds.
    fn round_trip(&self) -> Option<u64> {
        self.stations.iter().filter_map(|station| station.round_trip_ms).min()
    }

    /// Where it is reached: the station that is connected before others.
    fn address(&self) -> Option<&str> {
        let known = |connected| move |station: &&StationStatus| station.connected == connected && station.address.is_some();
        let station = self.stations.iter().find(known(true)).or_else(|| self.stations.iter().find(known(false)));
        station.and_then(|station| station.address.as_deref())
    }
}

/// What a journal's copy is good for, in a word and its tone.
fn state(words: Words, journal: &JournalStatus) -> (Tone, Shown) {
    if journal.forked {
        (Tone::Bad, words.say("status.forked"))
    } else if journal.stale {
        (Tone::Warn, words.say("status.stale"))
    } else if journal.size < journal.announced || journal.applied < journal.size {
        (Tone::Warn, words.say("status.behind"))
    } else {
        (Tone::Good, words.say("status.fresh"))
    }
}

fn dash() -> Shown {
    Shown::new("-")
}

/// A round trip in words; less than one millisecond is not nothing.
fn trip(words: Words, ms: Option<u64>) -> Shown {
    match ms {
        None => dash(),
        Some(0) => words.fill("federation.trip", &[("ms", "<1")]),
        Some(ms) => words.fill("federation.trip", &[("ms", &ms.to_string())]),
    }
}

impl Row for Centre {
    fn cells(&self, words: Words, _now: Time) -> Vec<(Tone, Shown)> {
        let journal = &self.journal;
        let up = self.stations.iter().filter(|station| station.connected).count();
        let link = match (self.own, up) {
            (true, _) => (Tone::Dim, words.say("federation.here")),
            (false, 0) => (Tone::Warn, words.say("federation.not-connected")),
            (false, up) => {
                let all = self.stations.len().to_string();
                (Tone::Good, words.fill("federation.connected", &[("up", &up.to_string()), ("all", &all)]))
            }
        };
        vec![
            (Tone::Plain, Shown::of(&journal.centre)),
            (Tone::Plain, Shown::new(&journal.name)),
            state(words, journal),
            (Tone::Plain, words.age(journal.age_ms)),
            (Tone::Plain, Shown::new(&format!("{}/{}", journal.size, journal.announced))),
            link,
            (Tone::Plain, trip(words, self.round_trip())),
            (Tone::Plain, self.address().map_or_else(dash, Shown::new)),
        ]
    }

    fn key(&self) -> String {
        self.journal.centre.to_string()
    }
}

/// Everything that is known of it, as lines.
pub(super) fn lines(words: Words, centre: &Centre, status: &Status) -> Vec<Line> {
    let journal = &centre.journal;
    let (tone, state) = state(words, journal);
    let field = |key: &str, value: Shown| Line::field(words.say(key), value);
    let lag = journal.announced.saturating_sub(journal.size);
    let mut lines = vec![
        Line::Group(Shown::new(&format!("{}  {}", journal.centre, journal.name))),
        Line::Field { label: words.say("federation.state"), value: state, tone },
        field("federation.size", Shown::of(journal.size)),
        field("federation.announced", Shown::of(journal.announced)),
        field("federation.lag", Shown::of(lag)),
        field("federation.applied", Shown::of(journal.applied)),
        field("federation.heartbeat", journal.heartbeat.map_or_else(dash, |at| Shown::new(&at.legal_text()))),
        field("federation.age", words.age(journal.age_ms)),
        field("federation.root", journal.root.map_or_else(dash, Shown::of)),
    ];
    if let Some(backing) = &journal.backing {
        let tone = if backing.settled { Tone::Good } else { Tone::Warn };
        lines.push(Line::Field { label: words.say("federation.backing"), value: words.backing(backing), tone });
        lines.push(field("federation.cosigned", journal.cosigned_age_ms.map_or_else(dash, |age| words.age(Some(age)))));
    }
    lines.extend([Line::Blank, Line::Group(words.say("federation.stations"))]);
    for station in &centre.stations {
        let word = if station.connected { "federation.station-up" } else { "federation.station-down" };
        let tone = if station.connected { Tone::Good } else { Tone::Warn };
        lines.push(Line::Text(tone, words.say(word).and(&Shown::new(&format!("  {}", station.station)))));
        let key = if station.connected { "federation.address" } else { "federation.address-last" };
        lines.push(field(key, station.address.as_deref().map_or_else(dash, Shown::new)));
        lines.push(field("federation.round-trip", trip(words, station.round_trip_ms)));
        let (came, went) = (bytes(station.bytes_in), bytes(station.bytes_out));
        lines.push(field("federation.bytes", words.fill("federation.in-out", &[("in", &came), ("out", &went)])));
        for fault in status.faults.iter().filter(|fault| fault.station == station.station) {
            let what = words.code("fault", &format!("{}.what", fault.code));
            let values = [("count", fault.count.to_string()), ("what", what.to_string())];
            let text = words.fill("federation.fault", &values.each_ref().map(|(name, value)| (*name, value.as_str())));
            lines.push(Line::Text(Tone::Bad, text));
        }
    }
    lines
}

/// How a number is said.
type Said<'a> = &'a dyn Fn(u64) -> String;

/// How traffic and lag of one centre went, in [`TREND_ROWS`] rows: numbers in words, then the picture at the end of the row, where it
/// harms nothing on a terminal that draws blocks wider.
pub(super) fn draw_trend(words: Words, trend: &Trend, step_ms: u64, blocks: bool, area: Rect, canvas: &mut Canvas<'_>) {
    let minutes = (step_ms.saturating_mul(trend.traffic.len() as u64) / 60_000).max(1).to_string();
    let seconds = (step_ms / 1000).to_string();
    let head = words.fill("federation.trend", &[("centre", trend.centre.as_str()), ("minutes", &minutes), ("seconds", &seconds)]);
    canvas.rule(area.x, area.y, area.width);
    canvas.text(area.x + 2, area.y, area.width.saturating_sub(2), Tone::Head, &Shown::new(" ").and(&head).and(&Shown::new(" ")));
    let number = |count: u64| count.to_string();
    let rows: [(&str, &[u64], Said<'_>, Tone); 2] =
        [("federation.traffic", &trend.traffic, &bytes, Tone::Plain), ("federation.lag-rows", &trend.lag, &number, Tone::Warn)];
    let beside = PLOT_WORDS_COLUMNS.min(area.width);
    for (y, (word, samples, say, tone)) in (area.y + 1..).zip(rows) {
        let Some(Range { min, now, max }) = Range::of(samples) else {
            canvas.text(area.x, y, area.width, Tone::Dim, &words.say(word).and(&words.say("federation.no-samples")));
            continue;
        };
        let values = [("now", say(now)), ("min", say(min)), ("max", say(max))];
        let range = words.fill("federation.range", &values.each_ref().map(|(name, value)| (*name, value.as_str())));
        canvas.text(area.x, y, beside, Tone::Plain, &words.say(word).and(&range));
        let left = area.width.saturating_sub(beside + 1);
        let tone = if max == 0 { Tone::Dim } else { tone };
        canvas.text(area.x + beside + 1, y, left, tone, &plot(samples, usize::from(left), blocks));
    }
}
