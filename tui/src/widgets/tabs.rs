//! The names of a view's parts in one row.

use ratatui::layout::Rect;

use crate::canvas::{Canvas, Span};
use crate::shown::Shown;
use crate::theme::Tone;

/// Draws the names into the first row of `area`; `selected` is the one that is shown.
pub fn draw(names: &[Shown], selected: usize, area: Rect, canvas: &mut Canvas<'_>) {
    let around = |before: &str, name: &Shown, after: &str| Shown::new(before).and(name).and(&Shown::new(after));
    let spans = names.iter().enumerate().map(|(at, name)| -> Span {
        // The brackets say it where colour does not.
        if at == selected { (Tone::Selected, around("[ ", name, " ]")) } else { (Tone::Plain, around("  ", name, "  ")) }
    });
    canvas.line(area.x, area.y, area.width, &spans.collect::<Vec<_>>());
}
