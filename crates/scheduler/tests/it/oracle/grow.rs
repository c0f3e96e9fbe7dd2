//! Random workflows, nested up to [`DEEPEST`], that core finds nothing wrong with: what may fail
//! does so when it runs.

use super::spec::{
    Act, Arg, Flow, Gift, Gives, If, KeyBy, Loop, Map, Node, Over, Port, Reduce, Step, Task, Val,
    Way, What, Written,
};
use crate::random::Random;

/// How deep flows lie inside each other.
pub(crate) const DEEPEST: usize = 5;

/// What core knows of a value before anything runs, as far as it matters for what may refer to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Any,
    /// A list or map.
    Lists,
    Number,
    Other,
}

/// What an expression may refer to.
#[derive(Clone, Default)]
struct Scope {
    inputs: Vec<Kind>,
    nodes: Vec<Kind>,
    /// Nodes that most likely give something to run over.
    lists: Vec<usize>,
}

/// A workflow.
pub(crate) fn workflow(random: &mut Random) -> Flow {
    let mood = Mood {
        fails: if random.chance(40) { 4 } else { 0 },
        blocks: if random.chance(25) { 15 } else { 0 },
        conditions: if random.chance(50) { 12 } else { 0 },
    };
    let count = 1 + random.below(10);
    let flow = Grower { random, mood }.flow(0, Vec::new(), Vec::new(), Vec::new(), count);
    // The outermost nodes are looked at one by one.
    Flow { gives: Gives::Nothing, ..flow }
}

/// How often things happen in one workflow, in percent.
struct Mood {
    fails: usize,
    blocks: usize,
    conditions: usize,
}

struct Grower<'a> {
    random: &'a mut Random,
    mood: Mood,
}

impl Grower<'_> {
    fn flow(
        &mut self,
        depth: usize,
        captures: Vec<Arg>,
        captured: Vec<Kind>,
        locals: Vec<Kind>,
        count: usize,
    ) -> Flow {
        let locals_count = locals.len();
        let mut scope = Scope { inputs: captured, ..Scope::default() };
        scope.inputs.extend(locals);
        let mut nodes = Vec::new();
        for _ in 0..count {
            let (node, kind) = self.node(depth, &scope, &nodes);
            let gives_lists = match &node.what {
                What::Task(task) => matches!(task.act, Act::List | Act::Nest | Act::Keyed),
                _ => kind == Kind::Lists,
            };
            if gives_lists {
                scope.lists.push(nodes.len());
            }
            nodes.push(node);
            scope.nodes.push(kind);
        }
        let gives = self.gives(depth, &scope);
        Flow { captures, locals: locals_count, nodes, gives }
    }

    /// A body of one task, which needs no frame, or any other.
    fn body(
        &mut self,
        depth: usize,
        captures: Vec<Arg>,
        captured: Vec<Kind>,
        locals: Vec<Kind>,
    ) -> Flow {
        if !self.random.chance(40) {
            let count = self.random.below(5);
            return self.flow(depth, captures, captured, locals, count);
        }
        let mut scope = Scope { inputs: captured, ..Scope::default() };
        let locals_count = locals.len();
        scope.inputs.extend(locals);
        let task = self.task(&scope);
        let node =
            Node { what: What::Task(task), after: Vec::new(), when: None, run_if: If::Success };
        let gives = match self.random.below(8) {
            0 => Arg::Part(0, self.step()),
            _ => Arg::Node(0),
        };
        Flow { captures, locals: locals_count, nodes: vec![node], gives: Gives::Value(gives) }
    }

    fn gives(&mut self, depth: usize, scope: &Scope) -> Gives {
        match self.random.below(10) {
            0 if depth > 0 => Gives::Nothing,
            0 | 1 => {
                let count = self.random.below(4);
                let way = if self.random.chance(50) { Way::Output } else { Way::Outputs };
                let named = (0..count).map(|at| (format!("o{at}"), self.arg(scope))).collect();
                match self.random.chance(20) {
                    true => Gives::List((0..count).map(|_| self.arg(scope)).collect()),
                    false => Gives::Named(named, way),
                }
            }
            2 => Gives::Value(self.arg(scope)),
            _ => match scope.nodes.len() {
                0 => Gives::Value(self.arg(scope)),
                n => Gives::Value(Arg::Node(n - 1)),
            },
        }
    }

    fn node(&mut self, depth: usize, scope: &Scope, before: &[Node]) -> (Node, Kind) {
        let nests = if depth == 0 { 55 } else { 35 };
        let (what, kind) = if depth < DEEPEST && self.random.chance(nests) {
            match self.random.below(9) {
                0 | 1 => self.once(depth, scope),
                2 => self.repeat(depth, scope),
                3 => self.given(depth, scope),
                _ => self.map(depth, scope),
            }
        } else {
            (What::Task(self.task(scope)), Kind::Any)
        };
        let tasks: Vec<usize> =
            (0..before.len()).filter(|&on| matches!(before[on].what, What::Task(_))).collect();
        let conditions = self.mood.conditions;
        let when = (!tasks.is_empty() && self.random.chance(conditions)).then(|| {
            let truth = |&&on: &&usize| {
                matches!(&before[on].what, What::Task(task) if task.act == Act::Truth)
            };
            // Mostly a bool, sometimes whatever is there.
            let fine: Vec<usize> = tasks.iter().filter(truth).copied().collect();
            let among = if fine.is_empty() { &tasks } else { &fine };
            among[self.random.below(among.len())]
        });
        let after = match before.len() {
            n if n > 0 && self.random.chance(10) => vec![self.random.below(n)],
            _ => Vec::new(),
        };
        let run_if = match self.random.below(100) {
            0..4 => If::Failure,
            4..8 => If::Always,
            _ => If::Success,
        };
        (Node { what, after, when, run_if }, kind)
    }

    fn task(&mut self, scope: &Scope) -> Task {
        let act = if self.random.chance(self.mood.fails) {
            [Act::Fail, Act::Panic, Act::MayFail, Act::MayPanic][self.random.below(4)]
        } else {
            let acts =
                [Act::Mix, Act::Mix, Act::List, Act::Nest, Act::Keyed, Act::Truth, Act::Copy];
            match self.random.below(40) {
                0 => Act::Null,
                other => acts[other % acts.len()],
            }
        };
        let count = self.random.below(4);
        let ports = (0..count).map(|_| self.port(scope)).collect();
        let blocking = self.random.chance(self.mood.blocks);
        Task { act, salt: self.random.next(), ports, blocking }
    }

    fn port(&mut self, scope: &Scope) -> Port {
        match self.random.below(12) {
            0 => Port::Optional(self.arg(scope)),
            1 if !scope.nodes.is_empty() => Port::Outcome(self.random.below(scope.nodes.len())),
            _ => Port::Plain(self.arg(scope)),
        }
    }

    fn constant(&mut self) -> Val {
        Val::Int(self.random.below(1_000) as i64)
    }

    fn step(&mut self) -> Step {
        match self.random.below(2) {
            0 => Step::Index(self.random.below(2) as u64),
            _ => Step::Key(format!("k{}", self.random.below(2))),
        }
    }

    /// Anything that can be an argument.
    fn arg(&mut self, scope: &Scope) -> Arg {
        match self.random.below(10) {
            0 => Arg::Const(self.constant()),
            _ => self.reference(scope).unwrap_or_else(|| Arg::Const(self.constant())),
        }
    }

    /// Anything that can be referred to, mostly near.
    fn reference(&mut self, scope: &Scope) -> Option<Arg> {
        let (inputs, nodes) = (scope.inputs.len(), scope.nodes.len());
        if inputs + nodes == 0 {
            return None;
        }
        let at = self.random.below(inputs + nodes);
        if at < inputs {
            return Some(Arg::Input(at));
        }
        let on = nodes - 1 - self.random.below(nodes.min(4));
        // Only of what core knows nothing of may anything be selected.
        if scope.nodes[on] == Kind::Any && self.random.chance(4) {
            return Some(Arg::Part(on, self.step()));
        }
        Some(Arg::Node(on))
    }

    fn captures(&mut self, scope: &Scope) -> (Vec<Arg>, Vec<Kind>) {
        let count = self.random.below(3);
        (0..count)
            .filter_map(|_| self.reference(scope))
            .map(|arg| (arg.clone(), kind_of(&arg, scope)))
            .unzip()
    }

    fn once(&mut self, depth: usize, scope: &Scope) -> (What, Kind) {
        let (captures, kinds) = self.captures(scope);
        let written = if self.random.chance(25) { Written::Before } else { Written::Inside };
        // What was built before knows nothing of its surroundings.
        let kinds = match written {
            Written::Inside => kinds,
            Written::Before => vec![Kind::Any; captures.len()],
        };
        let count = self.random.below(4);
        let flow = self.flow(depth + 1, captures, kinds, Vec::new(), count);
        let kind = match flow.gives {
            Gives::Named(ref parts, _) if !parts.is_empty() => Kind::Lists,
            Gives::List(_) => Kind::Lists,
            _ => Kind::Other,
        };
        (What::Once(flow, written), kind)
    }

    fn given(&mut self, depth: usize, scope: &Scope) -> (What, Kind) {
        let count = self.random.below(3);
        let captures: Vec<Arg> = (0..count).map(|_| self.arg(scope)).collect();
        let kinds = vec![Kind::Any; captures.len()];
        let count = self.random.below(4);
        let flow = self.flow(depth + 1, captures, kinds, Vec::new(), count);
        let gift = match self.random.chance(self.mood.fails) {
            true => [Gift::Rubbish, Gift::Panic][self.random.below(2)],
            false => Gift::Workflow,
        };
        (What::Given(flow, gift), Kind::Any)
    }

    /// Something to run over.
    fn list(&mut self, scope: &Scope, length: usize) -> Arg {
        if !scope.lists.is_empty() && self.random.chance(50) {
            return Arg::Node(scope.lists[self.random.below(scope.lists.len())]);
        }
        if self.random.chance(8) {
            for _ in 0..4 {
                match self.reference(scope) {
                    Some(arg @ (Arg::Node(_) | Arg::Input(_)))
                        if matches!(kind_of(&arg, scope), Kind::Any | Kind::Lists) =>
                    {
                        return arg;
                    }
                    _ => {}
                }
            }
        }
        let items = (0..length).map(|_| self.constant()).collect::<Vec<Val>>();
        if self.random.chance(30) {
            let keyed = items.into_iter().enumerate().map(|(at, item)| (format!("q{at}"), item));
            return Arg::Const(Val::Map(keyed.collect()));
        }
        Arg::Const(Val::List(items))
    }

    fn map(&mut self, depth: usize, scope: &Scope) -> (What, Kind) {
        // Constant lists side by side are equally long: core checks that.
        let length = self.random.below(7);
        let over = match self.random.below(5) {
            0 => {
                let count = 1 + self.random.below(2);
                Over::Zip((0..count).map(|_| self.list(scope, length)).collect())
            }
            1 => {
                let count = 1 + self.random.below(2);
                Over::Cross((0..count).map(|_| self.list(scope, length.min(3))).collect())
            }
            _ => Over::Each(self.list(scope, length)),
        };
        let mut locals: Vec<Kind> = over
            .lists()
            .iter()
            .map(|list| match list {
                Arg::Const(_) => Kind::Number,
                list if kind_of(list, scope) == Kind::Any => Kind::Any,
                _ => Kind::Other,
            })
            .collect();
        let printable = matches!(locals[0], Kind::Any | Kind::Number);
        locals.push(Kind::Number);
        let key_by = self.random.chance(15).then(|| match self.random.below(4) {
            0 => KeyBy::Index,
            1 => KeyBy::TextOfIndex,
            2 if printable => KeyBy::TextOfItem,
            // What can never be a key core refuses.
            3 if printable => KeyBy::Item,
            _ => KeyBy::TextOfIndex,
        });
        // Where there are certainly no keys core refuses a body that asks for one.
        let asks = match &over {
            _ if key_by.is_some() => 80,
            Over::Cross(_) => 0,
            other => match &other.lists()[0] {
                Arg::Const(Val::Map(_)) => 80,
                Arg::Const(_) => 0,
                list if kind_of(list, scope) == Kind::Any => 20,
                _ => 0,
            },
        };
        let key = self.random.chance(asks);
        if key {
            locals.push(Kind::Other);
        }
        let (captures, kinds) = self.captures(scope);
        let body = self.body(depth + 1, captures, kinds, locals);
        let reduce = self.random.chance(30).then(|| Reduce {
            salt: self.random.next(),
            tree: self.random.chance(50),
            start: self.random.chance(40).then(|| self.arg(scope)),
            fails: if self.random.chance(self.mood.fails) { 3 } else { 0 },
        });
        let kind = if reduce.is_some() { Kind::Any } else { Kind::Lists };
        let map = Map {
            over,
            body,
            key,
            key_by,
            chunk: self.random.below(4) as u32,
            window: self.random.chance(30).then(|| 1 + self.random.below(5) as u32),
            outcomes: self.random.chance(20),
            reduce,
        };
        (What::Map(Box::new(map)), kind)
    }

    fn repeat(&mut self, depth: usize, scope: &Scope) -> (What, Kind) {
        let count = self.random.below(3);
        let (mut start, mut locals) = (Vec::new(), Vec::new());
        for _ in 0..count {
            let arg = self.arg(scope);
            match (&arg, kind_of(&arg, scope)) {
                (Arg::Const(_), _) => locals.push(Kind::Number),
                (_, Kind::Any) => locals.push(Kind::Any),
                _ => continue,
            }
            start.push(arg);
        }
        let carried = locals.clone();
        locals.push(Kind::Number);
        let (captures, kinds) = self.captures(scope);
        let fixed = captures.len();
        let body = self.body(depth + 1, captures, kinds, locals);
        let tasks: Vec<usize> = (0..body.nodes.len())
            .filter(|&on| matches!(body.nodes[on].what, What::Task(_)))
            .collect();
        let next = (0..carried.len())
            .map(|at| match tasks.len() {
                0 => Arg::Input(fixed + at),
                n if self.random.chance(80) => Arg::Node(tasks[self.random.below(n)]),
                _ => Arg::Input(fixed + at),
            })
            .collect();
        let mut truths = tasks.iter().copied().filter(
            |&on| matches!(&body.nodes[on].what, What::Task(task) if task.act == Act::Truth),
        );
        let until = truths.next_back().or_else(|| match self.random.chance(5) {
            true => tasks.last().copied(),
            false => None,
        });
        let max = 1 + self.random.below(5) as u64;
        (What::Loop(Box::new(Loop { body, start, next, until, max })), Kind::Other)
    }
}

fn kind_of(arg: &Arg, scope: &Scope) -> Kind {
    match arg {
        Arg::Const(_) => Kind::Number,
        Arg::Node(on) => scope.nodes[*on],
        Arg::Part(..) => Kind::Any,
        Arg::Input(at) => scope.inputs[*at],
    }
}
