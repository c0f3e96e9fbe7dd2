//! Two numbers to one.

use terrace_plugin_api::{TaskError, task};

use crate::number::{Number, domain, overflow};

use Number::{Float, Int};

/// Does it on integers where both are, else on floats.
fn both(
    (x, y): (Number, Number),
    sign: char,
    int: impl FnOnce(i64, i64) -> Option<i64>,
    float: impl FnOnce(f64, f64) -> f64,
) -> Result<Number, TaskError> {
    match (x, y) {
        (Int(x), Int(y)) => {
            int(x, y).map(Int).ok_or_else(|| overflow(format_args!("{x} {sign} {y}")))
        }
        _ => Ok(Float(float(x.to_f64(), y.to_f64()))),
    }
}

/// Adds two numbers.
// Not marked as associative: floats round at each step, and `MAX + 1 - 1` overflows or not.
#[task(pure)]
pub(crate) fn add(x: Number, y: Number) -> Result<Number, TaskError> {
    both((x, y), '+', i64::checked_add, |x, y| x + y)
}

/// Subtracts `y` from `x`.
#[task(pure)]
pub(crate) fn sub(x: Number, y: Number) -> Result<Number, TaskError> {
    both((x, y), '-', i64::checked_sub, |x, y| x - y)
}

/// Multiplies two numbers.
#[task(pure)]
pub(crate) fn mul(x: Number, y: Number) -> Result<Number, TaskError> {
    both((x, y), '*', i64::checked_mul, |x, y| x * y)
}

/// Divides `x` by `y`. The result is a float, also for integers. Division by zero is an error
/// with the code `domain`.
#[task(pure)]
pub(crate) fn div(x: Number, y: Number) -> Result<f64, TaskError> {
    if y.to_f64() == 0.0 {
        return Err(domain("division by zero"));
    }
    Ok(x.to_f64() / y.to_f64())
}

/// Changes the sign.
#[task(pure)]
pub(crate) fn neg(x: Number) -> Result<Number, TaskError> {
    match x {
        Int(x) => x.checked_neg().map(Int).ok_or_else(|| overflow(format_args!("-({x})"))),
        Float(x) => Ok(Float(-x)),
    }
}

/// Raises `x` to the power `y`. An integer to an integer from 0 on is an integer, all else a
/// float. A power that is no real number is an error with the code `domain`.
#[task(pure)]
pub(crate) fn pow(x: Number, y: Number) -> Result<Number, TaskError> {
    if let (Int(base), Int(exponent @ 0..)) = (x, y) {
        let power = match u32::try_from(exponent) {
            Ok(exponent) => base.checked_pow(exponent),
            // Beyond u32 only these three have room; an odd exponent keeps the sign of -1.
            Err(_) => match base {
                0 | 1 => Some(base),
                -1 => Some(if exponent % 2 == 0 { 1 } else { -1 }),
                _ => None,
            },
        };
        return power.map(Int).ok_or_else(|| overflow(format_args!("{base}^{exponent}")));
    }
    let (x, y) = (x.to_f64(), y.to_f64());
    let power = x.powf(y);
    if power.is_nan() && !x.is_nan() && !y.is_nan() {
        return Err(domain(format_args!("{x}^{y} is not a real number")));
    }
    Ok(Float(power))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_stay_integers() {
        assert_eq!(add(Int(1), Int(2)).unwrap(), Int(3));
        assert_eq!(sub(Int(1), Int(2)).unwrap(), Int(-1));
        assert_eq!(mul(Int(3), Int(2)).unwrap(), Int(6));
        assert_eq!(pow(Int(2), Int(62)).unwrap(), Int(1 << 62));
        assert_eq!(pow(Int(-1), Int(i64::MAX)).unwrap(), Int(-1));
        assert_eq!(pow(Int(0), Int(0)).unwrap(), Int(1));
        assert_eq!(neg(Int(5)).unwrap(), Int(-5));
    }

    #[test]
    fn a_float_makes_floats() {
        assert_eq!(add(Int(1), Float(0.5)).unwrap(), Float(1.5));
        assert_eq!(pow(Int(2), Int(-1)).unwrap(), Float(0.5));
        assert_eq!(div(Int(7), Int(2)).unwrap(), 3.5);
    }

    #[test]
    fn overflow_is_an_error_and_not_another_number() {
        for result in [
            add(Int(i64::MAX), Int(1)),
            sub(Int(i64::MIN), Int(1)),
            mul(Int(i64::MAX), Int(2)),
            neg(Int(i64::MIN)),
            pow(Int(2), Int(63)),
            pow(Int(2), Int(1 << 40)),
        ] {
            assert_eq!(result.unwrap_err().code(), "overflow");
        }
        let error = add(Int(i64::MAX), Int(1)).unwrap_err();
        assert_eq!(
            error.message(),
            "9223372036854775807 + 1 does not fit in 64 bits; make one of the numbers a float"
        );
    }

    #[test]
    fn what_is_not_defined_is_an_error() {
        assert_eq!(div(Int(1), Float(-0.0)).unwrap_err().code(), "domain");
        assert_eq!(pow(Float(-1.0), Float(0.5)).unwrap_err().code(), "domain");
    }
}
