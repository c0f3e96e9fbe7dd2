//! [`Tasks`]: what nodes call, side by side by type: a closure takes the bytes it captures, and no
//! allocation of its own.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::sync::Arc;

use crate::catalog::{Task, TaskRef};
use crate::series::{Series, SeriesEnd};
use crate::signature::Signature;

/// What tasks of one type have in common.
#[derive(Clone)]
pub(crate) struct Shape {
    /// What they are called.
    pub(crate) name: Arc<str>,
    pub(crate) signature: Arc<Signature>,
}

/// Tasks of one type.
trait Row: Any + Send + Sync {
    fn get(&self, at: usize) -> &(dyn Task + 'static);
    fn len(&self) -> usize;
    fn run(&self, series: &mut Series<'_>) -> SeriesEnd;
    /// Each on its own.
    fn apart(self: Box<Self>) -> Vec<Arc<dyn Task>>;
    fn shrink(&mut self);
}

impl<T: Task + 'static> Row for Vec<T> {
    fn get(&self, at: usize) -> &(dyn Task + 'static) {
        &self[at]
    }
    fn len(&self) -> usize {
        self.len()
    }
    fn run(&self, series: &mut Series<'_>) -> SeriesEnd {
        series.run(self)
    }
    fn apart(self: Box<Self>) -> Vec<Arc<dyn Task>> {
        self.into_iter().map(|task| Arc::new(task) as Arc<dyn Task>).collect()
    }
    fn shrink(&mut self) {
        // What is a little too large is not worth a copy.
        if self.capacity() > self.len() + self.len() / 2 {
            self.shrink_to_fit();
        }
    }
}

struct Kind {
    row: Box<dyn Row>,
    shape: Shape,
    of: TypeId,
}

/// So many kinds are looked through faster than a table is asked.
const FEW: usize = 8;

/// What the nodes of a graph call, in their order.
#[derive(Default)]
pub(crate) struct Tasks {
    kinds: Vec<Kind>,
    by_type: HashMap<TypeId, u32>,
    /// Of the task added last.
    last: Option<(TypeId, u32)>,
    /// Of each node, its kind and place there. Empty while there is one kind: the place is the node's
    /// own.
    places: Vec<(u32, u32)>,
    len: usize,
    capacity: usize,
}

impl Tasks {
    pub(super) fn reserve(&mut self, nodes: usize) {
        self.capacity = nodes;
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Adds that of the next node. `shape` is asked where it is the first of its type.
    #[inline]
    pub(super) fn push<T: Task + 'static>(&mut self, task: T, shape: impl FnOnce() -> Shape) {
        let of = TypeId::of::<T>();
        let kind = match self.last {
            Some((last, kind)) if last == of => kind,
            _ => self.kind::<T>(of, shape),
        };
        let row: &mut dyn Any = &mut *self.kinds[kind as usize].row;
        let Some(row) = row.downcast_mut::<Vec<T>>() else {
            unreachable!("kinds are found by the type of their tasks")
        };
        let place = row.len() as u32;
        row.push(task);
        if self.kinds.len() > 1 {
            self.places.push((kind, place));
        }
        self.len += 1;
    }

    fn kind<T: Task + 'static>(&mut self, of: TypeId, shape: impl FnOnce() -> Shape) -> u32 {
        let few = self.kinds.iter().take(FEW);
        let kind = match few.enumerate().find(|(_, kind)| kind.of == of) {
            Some((kind, _)) => kind as u32,
            None => self.rare_kind::<T>(of, shape),
        };
        self.last = Some((of, kind));
        kind
    }

    /// One of many kinds, or the first of its kind.
    #[cold]
    fn rare_kind<T: Task + 'static>(&mut self, of: TypeId, shape: impl FnOnce() -> Shape) -> u32 {
        let next = self.kinds.len() as u32;
        let kind = *self.by_type.entry(of).or_insert(next);
        if kind == next {
            let first = self.kinds.is_empty();
            let capacity = if first { self.capacity } else { 0 };
            let row = Box::new(Vec::<T>::with_capacity(capacity));
            self.kinds.push(Kind { row, shape: shape(), of });
            if self.kinds.len() == 2 {
                self.places.reserve(self.capacity.max(self.len + 1));
                self.places.extend((0..self.len as u32).map(|place| (0, place)));
            }
        }
        kind
    }

    /// Ends the growing.
    pub(super) fn close(&mut self) {
        self.kinds.iter_mut().for_each(|kind| kind.row.shrink());
        self.by_type = HashMap::new();
    }

    /// Runs nodes of one kind.
    pub(super) fn run(&self, kind: usize, series: &mut Series<'_>) -> Option<SeriesEnd> {
        self.kinds.get(kind).map(|kind| kind.row.run(series))
    }

    /// Of a node, its kind and where it lies among those of the kind.
    #[inline]
    pub(super) fn place(&self, at: usize) -> (usize, usize) {
        match self.places.get(at) {
            Some(&(kind, place)) => (kind as usize, place as usize),
            None => (0, at),
        }
    }

    #[inline]
    pub(super) fn get(&self, at: usize) -> &(dyn Task + 'static) {
        let (kind, place) = self.place(at);
        self.kinds[kind].row.get(place)
    }

    #[inline]
    pub(super) fn shape(&self, at: usize) -> &Shape {
        &self.kinds[self.place(at).0].shape
    }

    /// The number of a node's kind, and the shapes of all kinds by it.
    pub(super) fn kind_of(&self, at: usize) -> usize {
        self.place(at).0
    }

    pub(super) fn shapes(&self) -> impl ExactSizeIterator<Item = &Shape> {
        self.kinds.iter().map(|kind| &kind.shape)
    }

    /// Each on its own, in the order of the nodes.
    pub(super) fn apart(self) -> impl Iterator<Item = TaskRef> {
        let Self { kinds, places, len, .. } = self;
        let (mut rows, shapes): (Vec<_>, Vec<_>) = kinds
            .into_iter()
            .map(|kind| {
                debug_assert!(kind.row.len() <= len, "a row is part of the nodes");
                (kind.row.apart().into_iter(), kind.shape)
            })
            .unzip();
        (0..len).filter_map(move |at| {
            let kind = places.get(at).map_or(0, |&(kind, _)| kind as usize);
            let Shape { name, signature } = shapes[kind].clone();
            Some(TaskRef { name, signature, body: rows[kind].next()?, pack: None })
        })
    }
}
