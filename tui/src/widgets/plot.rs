//! A course of numbers in one row, and in words beside it: the picture alone would say nothing to who cannot see it or whose terminal
//! draws it otherwise.

use crate::shown::Shown;

/// Heights of a bar, lowest first (U+2581 to U+2588).
const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
/// The same for terminals that draw blocks two columns wide, or not at all.
const LETTERS: [char; 8] = ['_', '.', ':', '-', '=', '+', '*', '#'];
/// Steps of [`bytes`].
const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];

/// What a course comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Range {
    /// The smallest number.
    pub min: u64,
    /// The newest.
    pub now: u64,
    /// The largest.
    pub max: u64,
}

impl Range {
    /// Of `samples`, oldest first; nothing when there are none.
    #[must_use]
    pub fn of(samples: &[u64]) -> Option<Self> {
        let (min, max, now) = (samples.iter().min()?, samples.iter().max()?, samples.last()?);
        Some(Self { min: *min, now: *now, max: *max })
    }
}

/// The newest samples in at most `columns` bars, from 0 to the largest. Where there are more samples than bars, a bar is the largest of its
/// share: a short peak must not go unseen.
#[must_use]
pub fn plot(samples: &[u64], columns: usize, blocks: bool) -> Shown {
    let share = samples.len().div_ceil(columns.max(1)).max(1);
    let top = samples.iter().copied().max().unwrap_or(0).max(1);
    let signs = if blocks { BLOCKS } else { LETTERS };
    let sign = |part: &[u64]| {
        let largest = part.iter().copied().max().unwrap_or(0);
        let height = (u128::from(largest) * 7).div_ceil(u128::from(top));
        signs[usize::try_from(height).unwrap_or(0).min(7)]
    };
    Shown::new(&samples.chunks(share).map(sign).collect::<String>())
}

/// A number of bytes for people: three digits at most, and the unit.
#[must_use]
pub fn bytes(bytes: u64) -> String {
    let (mut whole, mut rest, mut unit) = (bytes, 0, 0);
    while whole >= 1024 && unit + 1 < UNITS.len() {
        (whole, rest, unit) = (whole / 1024, whole % 1024, unit + 1);
    }
    // The rest is less than 1024, so one digit of it cannot overflow.
    if unit > 0 && whole < 10 { format!("{whole}.{} {}", rest * 10 / 1024, UNITS[unit]) } else { format!("{whole} {}", UNITS[unit]) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_lowest_and_the_largest_is_highest() {
        assert_eq!(plot(&[0, 1, 4, 8], 8, true).as_str(), "▁▂▅█");
        assert_eq!(plot(&[0, 0], 8, false).as_str(), "__");
        assert_eq!(plot(&[u64::MAX, 0, 1], 8, false).as_str(), "#_.");
        assert_eq!(plot(&[], 8, true).as_str(), "");
    }

    #[test]
    fn a_peak_is_seen_in_however_few_columns() {
        let mut samples = vec![1; 60];
        samples[31] = 900;
        for columns in [1, 7, 20, 30, 60, 200] {
            let plot = plot(&samples, columns, true);
            assert!(plot.width() <= columns && plot.as_str().contains('█'), "{columns}: {plot}");
        }
    }

    #[test]
    fn bytes_are_told_in_few_digits() {
        assert_eq!([0, 1023, 1024, 1536, 10 * 1024, 3 << 30].map(bytes), ["0 B", "1023 B", "1.0 KiB", "1.5 KiB", "10 KiB", "3.0 GiB"]);
        assert_eq!(bytes(u64::MAX), "16777215 TiB");
    }

    #[test]
    fn a_range_needs_a_sample() {
        assert_eq!(Range::of(&[3, 1, 2]), Some(Range { min: 1, now: 2, max: 3 }));
        assert_eq!(Range::of(&[]), None);
    }
}
