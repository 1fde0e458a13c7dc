//! The recovery as a picture: a bar for each stage, from the strike to the last answer.

use crate::clean;
use crate::objective::Measured;
use crate::report::figures;
use crate::report::html::page::TEXT_MAX;

/// Bars in one picture, at most.
const BARS_MAX: usize = 24;
/// Where the bars begin and end, in units of the picture; the names stand left of them.
const LEFT: f64 = 150.0;
const RIGHT: f64 = 780.0;
/// The height of a bar with the space around it.
const ROW: f64 = 26.0;
/// The space above the bars, for the axis.
const TOP: f64 = 30.0;
/// Steps of the axis, about.
const STEPS: f64 = 6.0;

/// A picture: everything in it is placed.
pub(super) struct Picture {
    pub(super) height: String,
    /// All that the picture shows, in words.
    pub(super) description: String,
    pub(super) bars: Vec<Bar>,
    pub(super) axis: Vec<Place>,
    /// The lower end of the axis lines.
    pub(super) floor: String,
    /// The objective for the recovery time, where it lies within the picture.
    pub(super) objective: Option<Place>,
    /// Where its name is written.
    pub(super) goal_y: String,
}

/// One stage.
pub(super) struct Bar {
    pub(super) name: String,
    pub(super) took: String,
    pub(super) x: String,
    pub(super) y: String,
    pub(super) width: String,
    pub(super) text_y: String,
    /// Where the time it took is written: behind the bar, or before its end where it is long.
    pub(super) text_x: String,
    pub(super) anchor: &'static str,
    pub(super) class: &'static str,
}

/// A place on the axis.
pub(super) struct Place {
    pub(super) x: String,
    pub(super) label: String,
}

impl Picture {
    /// The recovery's stages; `None` if none was reached.
    pub(super) fn of(measured: &Measured, rto_wanted_s: Option<f64>) -> Option<Picture> {
        let stages = stages(measured);
        let last = stages.last()?.at_s;
        if last <= 0.0 {
            return None;
        }
        let x = |at_s: f64| LEFT + (RIGHT - LEFT) * at_s / last;
        let mut since = 0.0;
        let mut bars = vec![];
        let mut told = vec![];
        for (number, stage) in stages.iter().enumerate() {
            let took = figures::duration(stage.at_s - since);
            let y = TOP + ROW * number as f64;
            let inside = x(stage.at_s) > RIGHT - 70.0;
            bars.push(Bar {
                name: stage.name.clone(),
                took: took.clone(),
                x: place(x(since)),
                y: place(y + 4.0),
                width: place((x(stage.at_s) - x(since)).max(1.5)),
                text_y: place(y + 17.0),
                text_x: place(if inside { x(since) - 6.0 } else { x(stage.at_s) + 6.0 }),
                anchor: if inside { "end" } else { "start" },
                class: stage.class,
            });
            told.push(format!("{} after {}", stage.name, figures::duration(stage.at_s)));
            since = stage.at_s;
        }
        let floor = TOP + ROW * stages.len() as f64;
        let within =
            rto_wanted_s.filter(|wanted| wanted.is_finite() && (0.0..=last).contains(wanted));
        Some(Picture {
            height: place(floor + if within.is_some() { 20.0 } else { 8.0 }),
            goal_y: place(floor + 14.0),
            description: format!("Time since the disaster was issued: {}.", told.join(", ")),
            bars,
            axis: axis(last).map(|at| Place { x: place(x(at)), label: axis_label(at) }).collect(),
            floor: place(floor),
            objective: within.map(|wanted| Place {
                x: place(x(wanted)),
                label: format!("RTO {}", figures::limit(wanted)),
            }),
        })
    }
}

struct Stage {
    name: String,
    at_s: f64,
    class: &'static str,
}

/// The stages in order of time, `writable` among them: it ends the recovery time.
fn stages(measured: &Measured) -> Vec<Stage> {
    let usable = |at_s: &f64| at_s.is_finite() && *at_s >= 0.0;
    let mut stages: Vec<Stage> = measured
        .stages
        .iter()
        .filter(|(_, at_s)| usable(at_s))
        .take(BARS_MAX)
        .map(|(name, at_s)| {
            let class = if name == "verified" { "after" } else { "stage" };
            Stage { name: clean::one_line(name, TEXT_MAX), at_s: *at_s, class }
        })
        .collect();
    stages.retain(|stage| stage.name != "writable");
    if let Some((_, high)) = measured.rto_s.filter(|(_, high)| usable(high)) {
        stages.push(Stage { name: "writable".to_owned(), at_s: high, class: "writable" });
    }
    stages.sort_by(|a, b| a.at_s.total_cmp(&b.at_s));
    stages
}

/// Round times up to `last`, few enough to be read.
fn axis(last: f64) -> impl Iterator<Item = f64> {
    let rough = last / STEPS;
    let decade = 10_f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].into_iter().map(|n| n * decade).find(|step| *step >= rough);
    let step = step.unwrap_or(last);
    (0..=STEPS as u32).map(move |number| step * f64::from(number)).filter(move |at| *at <= last)
}

fn axis_label(at_s: f64) -> String {
    if at_s == 0.0 { "the disaster".to_owned() } else { figures::duration(at_s) }
}

fn place(units: f64) -> String {
    format!("{units:.1}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bar_lies_within_the_picture() {
        for last in [0.001, 0.9, 7.9, 60.0, 86_400.0] {
            let stages = [0.1, 0.2, 0.2, 1.0].map(|part| ("s".to_owned(), part * last)).to_vec();
            let measured = Measured { stages, rto_s: Some((last, last)), ..Measured::default() };
            let picture = Picture::of(&measured, Some(last / 2.0)).expect("there are stages");
            assert_eq!(picture.bars.len(), 5);
            assert!(picture.axis.len() >= 2, "{last}");
            for bar in &picture.bars {
                let (x, width): (f64, f64) =
                    (bar.x.parse().expect("a number"), bar.width.parse().expect("a number"));
                assert!(x >= LEFT && x + width <= RIGHT + 2.0, "{last}: {x} {width}");
            }
        }
    }

    #[test]
    fn no_stage_is_no_picture() {
        assert!(Picture::of(&Measured::default(), None).is_none());
        let stages = vec![("begun".to_owned(), f64::NAN), ("fetched".to_owned(), -1.0)];
        assert!(Picture::of(&Measured { stages, ..Measured::default() }, None).is_none());
    }
}
