//! Lists of numbers to one. An array is read where it lies.

use std::borrow::Cow;

use terrace_plugin_api::{Array, TaskError, task};

use crate::number::{Number, domain, overflow};

/// The numbers of a list: integers where all are.
enum Numbers<'a> {
    Ints(Cow<'a, [i64]>),
    Floats(Cow<'a, [f64]>),
}

impl<'a> Numbers<'a> {
    fn of(array: &'a Array) -> Self {
        fn ints<T: Copy + Into<i64>>(items: &[T]) -> Numbers<'static> {
            Numbers::Ints(items.iter().map(|&item| item.into()).collect())
        }
        if let Some(items) = array.as_slice::<i64>() {
            return Self::Ints(items.into());
        }
        if let Some(items) = array.as_slice::<f64>() {
            return Self::Floats(items.into());
        }
        if let Some(items) = array.as_slice::<i32>() {
            return ints(items);
        }
        if let Some(items) = array.as_slice::<u8>() {
            return ints(items);
        }
        let items = array.as_slice::<f32>().unwrap_or_default();
        Self::Floats(items.iter().map(|&item| f64::from(item)).collect())
    }
}

/// Adds with the lost low parts kept aside, so that the error does not grow with the count:
/// Neumaier, Rundungsfehleranalyse einiger Verfahren zur Summation endlicher Summen (1974).
fn compensated_sum(items: impl Iterator<Item = f64>) -> f64 {
    let (mut sum, mut lost) = (0.0, 0.0);
    for item in items {
        let next: f64 = sum + item;
        if next.is_finite() {
            lost += if f64::abs(sum) >= f64::abs(item) {
                (sum - next) + item
            } else {
                (item - next) + sum
            };
        }
        sum = next;
    }
    sum + lost
}

/// The sum of integers. `i128` has room for 2^64 of them.
fn wide_sum(items: &[i64]) -> i128 {
    items.iter().map(|&item| i128::from(item)).sum()
}

fn empty(what: &str) -> TaskError {
    domain(format_args!("an empty list has no {what}"))
}

/// Sums a list. Integers give an integer, whatever the order; floats are summed with
/// compensation, so the result hardly depends on it. An empty list gives 0.
// Not marked as associative: sums of parts overflow or round where the whole does not.
#[task(pure)]
pub(crate) fn sum(values: &Array) -> Result<Number, TaskError> {
    match Numbers::of(values) {
        Numbers::Ints(items) => {
            let sum = wide_sum(&items);
            i64::try_from(sum).map(Number::Int).map_err(|_| overflow(format_args!("the sum {sum}")))
        }
        Numbers::Floats(items) => Ok(Number::Float(compensated_sum(items.iter().copied()))),
    }
}

/// Gives the arithmetic mean. An empty list is an error with the code `domain`.
#[task(pure)]
pub(crate) fn mean(values: &Array) -> Result<f64, TaskError> {
    let count = values.len() as f64;
    match Numbers::of(values) {
        _ if values.is_empty() => Err(empty("mean")),
        Numbers::Ints(items) => Ok(wide_sum(&items) as f64 / count),
        Numbers::Floats(items) => Ok(compensated_sum(items.iter().copied()) / count),
    }
}

/// Picks the greater of two floats; NaN where one is, so that none is hidden.
fn greater(a: f64, b: f64) -> f64 {
    if a.is_nan() || b.is_nan() {
        f64::NAN
    } else if a.total_cmp(&b).is_lt() {
        b
    } else {
        a
    }
}

/// Gives the smallest number. NaN where there is one; −0.0 is below 0.0. An empty list is an
/// error with the code `domain`.
#[task(pure, associative)]
pub(crate) fn min(values: &Array) -> Result<Number, TaskError> {
    match Numbers::of(values) {
        Numbers::Ints(items) => items.iter().min().map(|&min| Number::Int(min)),
        Numbers::Floats(items) => {
            let least = items.iter().map(|item| -item).reduce(greater);
            least.map(|least| Number::Float(-least))
        }
    }
    .ok_or_else(|| empty("smallest number"))
}

/// Gives the greatest number. NaN where there is one; 0.0 is above −0.0. An empty list is an
/// error with the code `domain`.
#[task(pure, associative)]
pub(crate) fn max(values: &Array) -> Result<Number, TaskError> {
    match Numbers::of(values) {
        Numbers::Ints(items) => items.iter().max().map(|&max| Number::Int(max)),
        Numbers::Floats(items) => items.iter().copied().reduce(greater).map(Number::Float),
    }
    .ok_or_else(|| empty("greatest number"))
}

/// Gives the scalar product of two lists of one length: a₁b₁ + a₂b₂ + …
#[task(pure)]
pub(crate) fn dot(a: &[f64], b: &[f64]) -> Result<f64, TaskError> {
    if a.len() != b.len() {
        return Err(domain(format_args!("the lists have {} and {} items", a.len(), b.len())));
    }
    Ok(compensated_sum(a.iter().zip(b).map(|(a, b)| a * b)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ints(items: &[i64]) -> Array {
        Array::from_slice(items)
    }
    fn floats(items: &[f64]) -> Array {
        Array::from_slice(items)
    }

    #[test]
    fn sums_keep_the_kind_and_do_not_depend_on_the_order() {
        assert_eq!(sum(&ints(&[i64::MAX, 1, -1])).unwrap(), Number::Int(i64::MAX));
        assert_eq!(sum(&ints(&[])).unwrap(), Number::Int(0));
        assert_eq!(sum(&floats(&[1e100, 1.0, -1e100])).unwrap(), Number::Float(1.0));
        assert_eq!(sum(&floats(&[f64::MAX, f64::MAX])).unwrap(), Number::Float(f64::INFINITY));
        assert_eq!(sum(&ints(&[i64::MAX, 1])).unwrap_err().code(), "overflow");
        assert_eq!(sum(&Array::from_slice(&[1.5f32, 1.0])).unwrap(), Number::Float(2.5));
        assert_eq!(sum(&Array::from_slice(&[1u8, 2])).unwrap(), Number::Int(3));
    }

    #[test]
    fn means_and_extremes() {
        assert_eq!(mean(&ints(&[i64::MAX, i64::MAX])).unwrap(), i64::MAX as f64);
        assert_eq!(mean(&floats(&[1.0, 2.0])).unwrap(), 1.5);
        assert_eq!(min(&ints(&[3, 1, 2])).unwrap(), Number::Int(1));
        assert_eq!(max(&floats(&[1.0, -2.0])).unwrap(), Number::Float(1.0));
        assert_eq!(min(&floats(&[1.0, -2.0])).unwrap(), Number::Float(-2.0));
        assert!(max(&floats(&[1.0, f64::NAN, 2.0])).unwrap().to_f64().is_nan());
        assert!(min(&floats(&[0.0, -0.0])).unwrap().to_f64().is_sign_negative());
        for error in [mean(&ints(&[])).err(), min(&ints(&[])).err(), max(&floats(&[])).err()] {
            assert_eq!(error.unwrap().code(), "domain");
        }
    }

    #[test]
    fn scalar_products_need_one_length() {
        assert_eq!(dot(&[1.0, 2.0], &[3.0, 4.0]).unwrap(), 11.0);
        assert_eq!(dot(&[1.0], &[]).unwrap_err().code(), "domain");
    }
}
