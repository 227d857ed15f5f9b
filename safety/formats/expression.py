"""Scaling expressions of definitions, compiled by a whitelist and evaluated over whole arrays.

133 shapes seen in real definitions need + - * / ( ) numbers and x; nothing else is understood.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Final

import numpy as np

from safety.calibration import Array

Expression = Callable[[Array], Array]

_MOST_TEXT: Final = 200
_MOST_NODES: Final = 100
_MOST_NUMBER: Final = 1e12


class BadExpression(ValueError):
    """An expression that is not arithmetic on x."""


def compile_expression(text: str) -> Expression:
    """A function from raw values to scaled ones. Raises BadExpression; never runs the text as code."""
    text = text.strip()
    if not text or len(text) > _MOST_TEXT:
        raise BadExpression("empty or too long")
    try:
        tree = ast.parse(text, mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise BadExpression("not an arithmetic expression") from None
    if sum(1 for _ in ast.walk(tree)) > _MOST_NODES:
        raise BadExpression("too many terms")
    inner = _node(tree.body)

    def evaluate(x: Array) -> Array:
        with np.errstate(all="ignore"):
            return np.asarray(np.broadcast_to(inner(x), x.shape), dtype=np.float64)

    return evaluate


def _node(node: ast.expr) -> Expression:
    match node:
        case ast.Constant(value=bool()):
            raise BadExpression("not a number")
        case ast.Constant(value=int() | float() as value):
            if abs(value) > _MOST_NUMBER:
                raise BadExpression("a number is too large")
            constant = np.float64(value)
            return lambda _: np.asarray(constant)
        case ast.Name(id="x" | "X"):
            return lambda x: x
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            inner = _node(operand)
            return lambda x: -inner(x)
        case ast.UnaryOp(op=ast.UAdd(), operand=operand):
            return _node(operand)
        case ast.BinOp(left=left, op=ast.Add() | ast.Sub() | ast.Mult() | ast.Div() as op, right=right):
            return _binary(_node(left), op, _node(right))
    raise BadExpression("only + - * / ( ), numbers and x are understood")


def _binary(left: Expression, op: ast.operator, right: Expression) -> Expression:
    match op:
        case ast.Add():
            return lambda x: left(x) + right(x)
        case ast.Sub():
            return lambda x: left(x) - right(x)
        case ast.Mult():
            return lambda x: left(x) * right(x)
    return lambda x: left(x) / right(x)
