//! The figures and their bars.

/// The direction in which a figure improves.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Better {
    More,
    Less,
}

/// A figure with its bars.
struct Bar {
    name: &'static str,
    what: &'static str,
    better: Better,
    least: f64,
    beyond: f64,
}

const fn more(name: &'static str, what: &'static str, least: f64, beyond: f64) -> Bar {
    Bar { name, what, better: Better::More, least, beyond }
}

const fn less(name: &'static str, what: &'static str, least: f64, beyond: f64) -> Bar {
    Bar { name, what, better: Better::Less, least, beyond }
}

const BARS: [Bar; 16] = [
    more("P1", "throughput: verify / single use (W)", 0.85, 0.95),
    more("P2", "throughput: verify / bare echo", 0.45, 0.60),
    less("P3", "server CPU: verify / one GET (R)", 1.25, 1.00),
    more("P4", "throughput: issue / verify", 0.90, 1.00),
    more("P5", "throughput: journey in one call / verify", 0.40, 0.50),
    less("P6", "p99 at 2,000/s: verify / W", 1.20, 1.10),
    less("P7a", "Redis CPU: verify / W", 1.4, 1.2),
    less("P7b", "Redis CPU: issue / W", 1.5, 1.2),
    less("P8", "Redis memory of an active paired code, bytes", 240.0, 180.0),
    less("P9", "p99 at 2,000/s: full store / 1,000 codes", 1.15, 1.05),
    more("P10", "throughput: traces at 100 % / off", 0.80, 0.90),
    less("P11a", "start until ready, ms", 50.0, 20.0),
    less("P11b", "idle memory of a service, MiB", 12.0, 8.0),
    less("P11c", "largest service binary, MB", 14.0, 10.0),
    more("P14", "throughput: issue, every rule of a desk / none", 0.50, 0.60),
    less("P13", "server CPU: verify of a paired code / verify", 1.05, 1.00),
];

/// The measured figures: for each bar one or more.
#[derive(Default)]
pub(crate) struct Figures(Vec<(&'static str, f64)>);

impl Figures {
    /// Adds a measurement for the bar of that name.
    pub(crate) fn add(&mut self, name: &'static str, figure: f64) {
        self.0.push((name, figure));
    }

    /// The median of a bar's measurements.
    fn median(&self, name: &str) -> Option<f64> {
        let mut figures: Vec<_> =
            self.0.iter().filter(|(of, _)| *of == name).map(|(_, figure)| *figure).collect();
        figures.sort_by(f64::total_cmp);
        figures.get(figures.len() / 2).copied()
    }

    /// Prints the table. Returns the number of missed bars; a bar without a measurement counts as
    /// missed.
    pub(crate) fn print(&self) -> usize {
        println!("\n{:<5} {:<46} {:>9} {:>7} {:>7}", "#", "figure", "measured", "bar", "beyond");
        let mut missed = 0;
        for Bar { name, what, better, least, beyond } in BARS {
            let Some(figure) = self.median(name) else {
                missed += 1;
                println!("{name:<5} {what:<46} {:>9} {least:>7} {beyond:>7}  not measured", "-");
                continue;
            };
            let reaches = |bar| if better == Better::More { figure >= bar } else { figure <= bar };
            let verdict = match (reaches(beyond), reaches(least)) {
                (true, _) => "beyond",
                (false, true) => "reached",
                (false, false) => "MISSED",
            };
            missed += usize::from(!reaches(least));
            println!("{name:<5} {what:<46} {figure:>9.2} {least:>7} {beyond:>7}  {verdict}");
        }
        missed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(of: impl Fn(&Bar) -> f64) -> Figures {
        Figures(BARS.iter().map(|bar| (bar.name, of(bar))).collect())
    }

    #[test]
    fn a_bar_is_missed_beyond_its_limit_or_without_a_measurement() {
        assert_eq!(figures(|bar| bar.least).print(), 0);
        let worse = |bar: &Bar| if bar.better == Better::More { -0.01 } else { 0.01 };
        assert_eq!(figures(|bar| bar.least + worse(bar)).print(), BARS.len());
        assert_eq!(Figures::default().print(), BARS.len());
    }

    #[test]
    fn one_outlier_does_not_change_the_verdict() {
        let figures = Figures(vec![("P1", 1.0), ("P1", 9.0), ("P1", 0.9)]);
        assert_eq!(figures.median("P1"), Some(1.0));
    }
}
