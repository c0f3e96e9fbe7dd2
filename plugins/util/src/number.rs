//! Numbers of three kinds compared as numbers: no value is rounded on the way.

use std::cmp::Ordering;

use terrace_plugin_api::Value;

/// A number as it stands in a value.
#[derive(Clone, Copy, Debug)]
pub enum Number {
    /// Any integer of `i64` and `u64`.
    Int(i128),
    /// A float.
    Float(f64),
}

impl Number {
    /// Reads a number; `None` where the value is something else.
    #[must_use]
    pub fn of(value: &Value) -> Option<Self> {
        match value {
            Value::I64(number) => Some(Self::Int(i128::from(*number))),
            Value::U64(number) => Some(Self::Int(i128::from(number.get()))),
            Value::F64(number) => Some(Self::Float(*number)),
            _ => None,
        }
    }
}

/// By value. A NaN has no order and equals nothing; −0.0 equals 0.
impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        match (*self, *other) {
            (Self::Int(a), Self::Int(b)) => Some(a.cmp(&b)),
            (Self::Float(a), Self::Float(b)) => a.partial_cmp(&b),
            (Self::Int(a), Self::Float(b)) => int_to_float(a, b),
            (Self::Float(a), Self::Int(b)) => int_to_float(b, a).map(Ordering::reverse),
        }
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.partial_cmp(other) == Some(Ordering::Equal)
    }
}

fn int_to_float(int: i128, float: f64) -> Option<Ordering> {
    // The cast is exact for a whole float within i128 and saturates beyond, far outside of what
    // `int` can be.
    let whole = float.trunc();
    match int.cmp(&(whole as i128)) {
        _ if float.is_nan() => None,
        Ordering::Equal => 0.0.partial_cmp(&(float - whole)),
        unequal => Some(unequal),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(a: impl Into<Value>, b: impl Into<Value>) -> Option<Ordering> {
        Number::of(&a.into()).unwrap().partial_cmp(&Number::of(&b.into()).unwrap())
    }

    #[test]
    fn large_integers_are_not_rounded_to_floats() {
        let two_53 = 9_007_199_254_740_992_i64;
        assert_eq!(order(two_53, two_53 as f64), Some(Ordering::Equal));
        assert_eq!(order(two_53 + 1, two_53 as f64), Some(Ordering::Greater));
        assert_eq!(order(i64::MAX, i64::MAX as f64), Some(Ordering::Less));
        assert_eq!(order(i64::MIN, i64::MIN as f64), Some(Ordering::Equal));
        assert_eq!(order(u64::MAX, u64::MAX as f64), Some(Ordering::Less));
        assert_eq!(order(u64::MAX as f64, u64::MAX), Some(Ordering::Greater));
        assert_eq!(order(-1_i64, u64::MAX), Some(Ordering::Less));
    }

    #[test]
    fn fractions_zeros_and_infinities_have_their_place() {
        assert_eq!(order(1_i64, 1.5), Some(Ordering::Less));
        assert_eq!(order(-1_i64, -1.5), Some(Ordering::Greater));
        assert_eq!(order(0_i64, -0.0), Some(Ordering::Equal));
        assert_eq!(order(0_i64, -1e-300), Some(Ordering::Greater));
        assert_eq!(order(0_i64, 5e-324), Some(Ordering::Less));
        assert_eq!(order(u64::MAX, f64::INFINITY), Some(Ordering::Less));
        assert_eq!(order(i64::MIN, f64::NEG_INFINITY), Some(Ordering::Greater));
        assert_eq!(order(1_i64, f64::NAN), None);
        assert_eq!(order(f64::NAN, f64::NAN), None);
    }
}
