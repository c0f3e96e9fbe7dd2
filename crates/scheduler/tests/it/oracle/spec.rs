//! Workflows as this test knows them: what its generator makes, its evaluator walks and its builder
//! hands to the engine. Nothing here is core's.

/// Data.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Val {
    Null,
    Bool(bool),
    Int(i64),
    Text(String),
    List(Vec<Val>),
    Map(Vec<(String, Val)>),
}

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Arg {
    Const(Val),
    /// The output of a node of the same flow.
    Node(usize),
    /// A part of one.
    Part(usize, Step),
    /// An input of the flow: first what it captures, then what is set for each item or pass.
    Input(usize),
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Step {
    Key(String),
    Index(u64),
}

/// A workflow, at any depth.
#[derive(Clone, Debug)]
pub(crate) struct Flow {
    /// Of the flow around it.
    pub(crate) captures: Vec<Arg>,
    /// How many more inputs it has.
    pub(crate) locals: usize,
    pub(crate) nodes: Vec<Node>,
    pub(crate) gives: Gives,
}

#[derive(Clone, Debug)]
pub(crate) enum Gives {
    Nothing,
    Value(Arg),
    /// As outputs, or as one value that is a map.
    Named(Vec<(String, Arg)>, Way),
    List(Vec<Arg>),
}

/// How the parts of what a flow gives are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    Outputs,
    Output,
}

/// Node `i` refers only to nodes before it.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) what: What,
    pub(crate) after: Vec<usize>,
    /// A node whose output must be true.
    pub(crate) when: Option<usize>,
    pub(crate) run_if: If,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum If {
    Success,
    Failure,
    Always,
}

#[derive(Clone, Debug)]
pub(crate) enum What {
    Task(Task),
    /// Written inside, or built before and given its captures as arguments.
    Once(Flow, Written),
    Map(Box<Map>),
    Loop(Box<Loop>),
    /// A task that gives the flow, whose captures are what the task was given, or rubbish.
    Given(Flow, Gift),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Written {
    Inside,
    Before,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Gift {
    Workflow,
    Rubbish,
    Panic,
}

#[derive(Clone, Debug)]
pub(crate) struct Task {
    pub(crate) act: Act,
    pub(crate) salt: u64,
    pub(crate) ports: Vec<Port>,
    pub(crate) blocking: bool,
}

#[derive(Clone, Debug)]
pub(crate) enum Port {
    Plain(Arg),
    Optional(Arg),
    /// How a node ended.
    Outcome(usize),
}

#[derive(Clone, Debug)]
pub(crate) struct Map {
    pub(crate) over: Over,
    /// Its locals are the items, the index, the key where it asks for that.
    pub(crate) body: Flow,
    pub(crate) key: bool,
    pub(crate) key_by: Option<KeyBy>,
    /// 0 lets the engine choose.
    pub(crate) chunk: u32,
    pub(crate) window: Option<u32>,
    pub(crate) outcomes: bool,
    pub(crate) reduce: Option<Reduce>,
}

#[derive(Clone, Debug)]
pub(crate) enum Over {
    Each(Arg),
    Zip(Vec<Arg>),
    Cross(Vec<Arg>),
}

impl Over {
    pub(crate) fn lists(&self) -> &[Arg] {
        match self {
            Self::Each(list) => std::slice::from_ref(list),
            Self::Zip(lists) | Self::Cross(lists) => lists,
        }
    }
}

/// The key of an item: its index or first part, alone or after a letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyBy {
    Index,
    Item,
    TextOfIndex,
    TextOfItem,
}

#[derive(Clone, Debug)]
pub(crate) struct Reduce {
    pub(crate) salt: u64,
    pub(crate) tree: bool,
    pub(crate) start: Option<Arg>,
    /// Fails where what it would give is divisible by this; 0 never.
    pub(crate) fails: u64,
}

#[derive(Clone, Debug)]
pub(crate) struct Loop {
    /// Its locals are the carried values, the number of the pass.
    pub(crate) body: Flow,
    pub(crate) start: Vec<Arg>,
    /// Of the body.
    pub(crate) next: Vec<Arg>,
    /// A node of the body.
    pub(crate) until: Option<usize>,
    pub(crate) max: u64,
}

/// What a task makes of its arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    /// A number of them.
    Mix,
    /// Up to four numbers.
    List,
    /// Up to two lists.
    Nest,
    /// Up to three numbers by key.
    Keyed,
    Truth,
    Null,
    /// The first of them.
    Copy,
    Fail,
    Panic,
    /// [`Act::Mix`], or for every third mix a failure or panic.
    MayFail,
    MayPanic,
}

/// How a call did not succeed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flaw {
    Error,
    Panic,
}

/// What tasks do, whoever asks.
pub(crate) fn act(act: Act, salt: u64, args: &[Val]) -> Result<Val, Flaw> {
    let mix = args.iter().fold(stir(salt, 1), |mix, arg| digest(arg, mix));
    let int = |n: u64| Val::Int((mix.rotate_left(7 * n as u32) % 1_000) as i64);
    let list = |n: u64| Val::List((0..n).map(int).collect());
    Ok(match act {
        Act::Mix => int(0),
        Act::List => list(mix % 5),
        Act::Nest => Val::List((0..mix % 3).map(|at| list((mix >> (8 * at + 8)) % 4)).collect()),
        Act::Keyed => Val::Map((0..mix % 4).map(|at| (format!("k{at}"), int(at))).collect()),
        Act::Truth => Val::Bool(mix & 1 == 1),
        Act::Null => Val::Null,
        Act::Copy => args.first().cloned().unwrap_or(Val::Null),
        Act::Fail => return Err(Flaw::Error),
        Act::Panic => return Err(Flaw::Panic),
        Act::MayFail if mix % 3 == 0 => return Err(Flaw::Error),
        Act::MayPanic if mix % 3 == 0 => return Err(Flaw::Panic),
        Act::MayFail | Act::MayPanic => int(0),
    })
}

/// What combiners do. Neither commutative nor associative, so that order and shape show.
pub(crate) fn combine(reduce: &Reduce, left: &Val, right: &Val) -> Result<Val, Flaw> {
    let mix = digest(right, digest(left, stir(reduce.salt, 2)));
    if reduce.fails > 0 && mix.is_multiple_of(reduce.fails) {
        return Err(Flaw::Error);
    }
    Ok(Val::Int((mix % 1_000_000) as i64))
}

fn digest(value: &Val, mix: u64) -> u64 {
    match value {
        Val::Null => stir(mix, 3),
        Val::Bool(truth) => stir(mix, 4 + u64::from(*truth)),
        Val::Int(number) => stir(stir(mix, 6), *number as u64),
        Val::Text(text) => text.bytes().fold(stir(mix, 7), |mix, byte| stir(mix, u64::from(byte))),
        Val::List(items) => items.iter().fold(stir(mix, 8), |mix, item| digest(item, mix)),
        Val::Map(entries) => entries.iter().fold(stir(mix, 9), |mix, (key, item)| {
            let mix = key.bytes().fold(mix, |mix, byte| stir(mix, u64::from(byte)));
            digest(item, mix)
        }),
    }
}

fn stir(mix: u64, with: u64) -> u64 {
    let mut z =
        (mix ^ with.wrapping_mul(0x9e37_79b9_7f4a_7c15)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z ^= z >> 29;
    z.wrapping_mul(0x94d0_49bb_1331_11eb) ^ (z >> 32)
}
