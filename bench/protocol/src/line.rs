//! [`Line`]: what a peer prints. One line, 14 numbers between blanks, times in nanoseconds per node;
//! behind them `NAME=NUMBERS` for what was asked for besides.

use std::fmt;
use std::str::FromStr;

/// What a peer found. A peer that cannot do what was asked prints `n/a` instead.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// Making the peer's own structure of the graph: least and median.
    pub build: [f64; 2],
    /// The first run of what was built: least and median.
    pub first: [f64; 2],
    /// Running it again: least and median. NaN where that cannot be done.
    pub rerun: [f64; 2],
    /// Resident memory before the first build, after it, and the most until the end of the first
    /// run, in KiB.
    pub memory: [u64; 3],
    /// Whether every run did each task once and gave the right values.
    pub is_right: bool,
    /// Least CPU time of all threads in a first run and in a re-run.
    pub cpu: [f64; 2],
    /// How many first runs there were.
    pub firsts: usize,
    /// How many re-runs went without the kernel putting a thread off its core.
    pub quiet: usize,
    /// `mean=`: the mean of all re-runs, where their number was given.
    pub mean: Option<f64>,
    /// `tally=`: how many nodes the busiest thread ran in an ordinary run, the second busiest and so on,
    /// where that was asked for; empty where not.
    pub tally: Vec<u64>,
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let times = [self.build, self.first, self.rerun];
        times.iter().flatten().try_for_each(|time| write!(f, "{time:.2} "))?;
        self.memory.iter().try_for_each(|memory| write!(f, "{memory} "))?;
        let [first, rerun] = self.cpu;
        let right = u8::from(self.is_right);
        write!(f, "{right} {first:.2} {rerun:.2} {} {}", self.firsts, self.quiet)?;
        if let Some(mean) = self.mean {
            write!(f, " mean={mean:.3}")?;
        }
        if !self.tally.is_empty() {
            let tally: Vec<String> = self.tally.iter().map(u64::to_string).collect();
            write!(f, " tally={}", tally.join(","))?;
        }
        Ok(())
    }
}

impl FromStr for Line {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (mut mean, mut tally) = (None, Vec::new());
        let plain = text.split_whitespace().filter(|word| {
            let Some((name, value)) = word.split_once('=') else { return true };
            match name {
                "mean" => mean = value.parse().ok(),
                "tally" => tally = value.split(',').filter_map(|ran| ran.parse().ok()).collect(),
                // Of a newer peer.
                _ => {}
            }
            false
        });
        let numbers: Option<Vec<f64>> = plain.map(|number| number.parse().ok()).collect();
        let Some(Ok(numbers)) = numbers.map(<[f64; 14]>::try_from) else {
            return Err(format!("not 14 numbers: {}", text.trim()));
        };
        let [b0, b1, f0, f1, r0, r1, before, built, peak, right, cpu0, cpu1, firsts, quiet] =
            numbers;
        Ok(Self {
            build: [b0, b1],
            first: [f0, f1],
            rerun: [r0, r1],
            memory: [before, built, peak].map(|memory| memory as u64),
            is_right: right == 1.0,
            cpu: [cpu0, cpu1],
            firsts: firsts as usize,
            quiet: quiet as usize,
            mean,
            tally,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read_as_it_was_written() {
        let line = Line {
            build: [1.25, 2.0],
            first: [3.0, 4.5],
            rerun: [0.5, 0.75],
            memory: [100, 200, 300],
            is_right: true,
            cpu: [8.0, 9.0],
            firsts: 12,
            quiet: 99,
            mean: None,
            tally: Vec::new(),
        };
        assert_eq!(line.to_string().split(' ').count(), 14);
        assert_eq!(line.to_string().parse(), Ok(line.clone()));
        let more = Line { mean: Some(0.625), tally: vec![60, 40], ..line.clone() };
        assert_eq!(more.to_string().parse(), Ok(more));
        assert_eq!((line.to_string() + " else=1").parse(), Ok(line.clone()));
        let never = Line { rerun: [f64::NAN; 2], ..line };
        assert!(never.to_string().parse::<Line>().unwrap().rerun[1].is_nan());
        assert!("n/a".parse::<Line>().is_err());
    }
}
