//! The tree of an expression.

use crate::function::Function;

/// A node of the tree.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Node {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number.
    Number(f64),
    /// A quoted string.
    Text(String),
    /// A string in backticks.
    Template(Vec<Part>),
    /// `[a, b]`.
    List(Vec<Node>),
    /// `{a: b}`.
    Object(Vec<(String, Node)>),
    /// A variable, by its bare name.
    Variable(String),
    /// `base.key`, `base?.key` or `base["key"]`.
    Member { base: Box<Node>, key: String, is_optional: bool },
    /// `base[index]` with an index that is no quoted string.
    Index { base: Box<Node>, index: Box<Node>, is_optional: bool },
    /// `!operand`.
    Not(Box<Node>),
    /// `-operand`.
    Negate(Box<Node>),
    /// `left operator right`.
    Binary { operator: Binary, left: Box<Node>, right: Box<Node> },
    /// `condition ? yes : no`.
    Choice { condition: Box<Node>, yes: Box<Node>, no: Box<Node> },
    /// `@namespace.name(arguments)`.
    Call { function: Function, arguments: Vec<Node> },
}

/// A piece of a string in backticks.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Part {
    /// Text as it stands.
    Text(String),
    /// `${node}`.
    Node(Node),
}

/// An operator between two operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Binary {
    Coalesce,
    Or,
    And,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

impl Binary {
    const ALL: [Self; 14] = [
        Self::Coalesce,
        Self::Or,
        Self::And,
        Self::Equal,
        Self::NotEqual,
        Self::Less,
        Self::LessOrEqual,
        Self::Greater,
        Self::GreaterOrEqual,
        Self::Add,
        Self::Subtract,
        Self::Multiply,
        Self::Divide,
        Self::Remainder,
    ];

    /// The operator that is written so.
    pub(crate) fn parse(symbol: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|operator| operator.symbol() == symbol)
    }

    /// How the operator is written.
    pub(crate) const fn symbol(self) -> &'static str {
        match self {
            Self::Coalesce => "??",
            Self::Or => "||",
            Self::And => "&&",
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Remainder => "%",
        }
    }

    /// How tightly the operator binds: the higher, the tighter.
    pub(crate) const fn precedence(self) -> u8 {
        match self {
            Self::Coalesce => 1,
            Self::Or => 2,
            Self::And => 3,
            Self::Equal | Self::NotEqual => 4,
            Self::Less | Self::LessOrEqual | Self::Greater | Self::GreaterOrEqual => 5,
            Self::Add | Self::Subtract => 6,
            Self::Multiply | Self::Divide | Self::Remainder => 7,
        }
    }
}

impl Node {
    /// What is wrong with a read of that member of this node, if it never has one.
    pub(crate) fn unknown_member(&self, key: &str) -> Option<String> {
        match self {
            Self::Call { function, arguments: _ } => function.unknown_member(key),
            _ => None,
        }
    }

    /// The nodes directly below.
    pub(crate) fn children(&self) -> Vec<&Self> {
        match self {
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::Text(_) | Self::Variable(_) => {
                Vec::new()
            }
            Self::Template(parts) => parts
                .iter()
                .filter_map(|part| match part {
                    Part::Text(_) => None,
                    Part::Node(node) => Some(node),
                })
                .collect(),
            Self::List(items) | Self::Call { function: _, arguments: items } => {
                items.iter().collect()
            }
            Self::Object(members) => members.iter().map(|(_, member)| member).collect(),
            Self::Member { base, key: _, is_optional: _ } => vec![base],
            Self::Index { base, index, is_optional: _ } => vec![base, index],
            Self::Not(operand) | Self::Negate(operand) => vec![operand],
            Self::Binary { operator: _, left, right } => vec![left, right],
            Self::Choice { condition, yes, no } => vec![condition, yes, no],
        }
    }

    /// The nodes directly below, to be changed.
    pub(crate) fn children_mut(&mut self) -> Vec<&mut Self> {
        match self {
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::Text(_) | Self::Variable(_) => {
                Vec::new()
            }
            Self::Template(parts) => parts
                .iter_mut()
                .filter_map(|part| match part {
                    Part::Text(_) => None,
                    Part::Node(node) => Some(node),
                })
                .collect(),
            Self::List(items) | Self::Call { function: _, arguments: items } => {
                items.iter_mut().collect()
            }
            Self::Object(members) => members.iter_mut().map(|(_, member)| member).collect(),
            Self::Member { base, key: _, is_optional: _ } => vec![base],
            Self::Index { base, index, is_optional: _ } => vec![base, index],
            Self::Not(operand) | Self::Negate(operand) => vec![operand],
            Self::Binary { operator: _, left, right } => vec![left, right],
            Self::Choice { condition, yes, no } => vec![condition, yes, no],
        }
    }
}
