"""What keeps a formula from being shown as one."""

import re

from lecture_reading import prose, without_code

# What MathJax, which JupyterLab and the static site use, is known to draw. Look a new one up there
# before you add it: LaTeX knows more.
KNOWN = """
alpha beta gamma delta epsilon varepsilon zeta eta theta vartheta iota kappa lambda mu nu xi pi
rho sigma tau upsilon phi varphi chi psi omega Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi
Psi Omega ell hbar nabla partial infty emptyset forall exists in notin subset subseteq cup cap
setminus land lor lnot neg implies iff cdot cdots ldots dots vdots ddots dotsb dotsc times div pm
mp circ odot otimes oplus ast star bullet sum prod int iint lim limsup liminf max min sup inf arg
log ln exp sin cos tan tanh sinh cosh det dim ker Pr gcd deg le leq leqslant ge geq geqslant ll gg
ne neq equiv approx sim simeq cong propto perp parallel mid to gets mapsto longmapsto leftarrow
rightarrow leftrightarrow longrightarrow longleftarrow Leftarrow Rightarrow Leftrightarrow
Longrightarrow Longleftarrow Longleftrightarrow uparrow downarrow xrightarrow xleftarrow
hookrightarrow searrow nearrow frac tfrac dfrac binom sqrt overline underline overbrace underbrace
overset underset stackrel substack hat widehat bar tilde widetilde vec dot ddot check prime top
bot dagger text textbf textit textrm texttt mathrm mathbf mathsf mathit mathcal mathbb mathtt
boldsymbol operatorname displaystyle textstyle scriptstyle mathop mathbin mathrel limits nolimits
left right middle big Big bigg Bigg bigl bigr Bigl Bigr biggl biggr lvert rvert lVert rVert vert
Vert langle rangle lfloor rfloor lceil rceil lbrace rbrace quad qquad hspace hphantom phantom
vphantom smash enspace thinspace begin end tag notag hline color not bmod pmod mod square triangle
checkmark
"""
COMMANDS = set(KNOWN.split())


def its_formulas_are_balanced(notebook):
    for text in prose(notebook):
        blocks = _blocks(text)
        if len(blocks) % 2 == 0:
            yield f"'$$' opened and not closed: {text[:60]}"
            continue
        for paragraph in _paragraphs(blocks):
            if paragraph.count("$") % 2:
                yield f"'$' opened and not closed: {paragraph.strip()[:60]}"
        for formula in _formulas(text):
            yield from _unbalanced(formula)
        for block in blocks[1::2]:
            if re.search(r"\n\s*\n", block.strip()):
                yield f"a blank line ends the formula early: {block.strip()[:60]}"
            if re.search(r"^([-+*]|\d+[.)]) ", block, re.MULTILINE):
                yield f"a line of the formula reads as a list: {block.strip()[:60]}"


def _unbalanced(formula):
    plain = formula.replace(r"\{", "").replace(r"\}", "")
    if plain.count("{") != plain.count("}"):
        yield f"braces do not match: {formula.strip()[:60]}"
    if len(re.findall(r"\\left\b", plain)) != len(re.findall(r"\\right\b", plain)):
        yield rf"\left and \right do not match: {formula.strip()[:60]}"
    opened = []
    for which, name in re.findall(r"\\(begin|end)\{(.*?)\}", formula):
        if which == "begin":
            opened.append(name)
        elif not opened or opened.pop() != name:
            opened = [name]
            break
    if opened:
        yield rf"\begin and \end do not match: {formula.strip()[:60]}"


def its_formulas_use_known_commands(notebook):
    for text in prose(notebook):
        for formula in _formulas(text):
            without_newlines = formula.replace(r"\\", " ")
            for command in re.findall(r"\\([A-Za-z]+)", without_newlines):
                if command not in COMMANDS:
                    yield rf"\{command} is not known to be drawn: {formula.strip()[:60]}"


def its_formulas_leave_tables_whole(notebook):
    """A bar ends a cell of a table, also inside a formula: write |x| as \\lvert x \\rvert."""
    for text in prose(notebook):
        for line in without_code(text).splitlines():
            if line.startswith("|"):
                for formula in line.replace(r"\$", "").split("$")[1::2]:
                    if "|" in formula.replace(r"\|", ""):
                        yield rf"write \lvert or \mid for the bar in the table's {formula.strip()}"


def _formulas(text):
    """All formulas of a text, displayed and inline."""
    blocks = _blocks(text)
    return blocks[1::2] + [f for part in _paragraphs(blocks) for f in part.split("$")[1::2]]


def _blocks(text):
    """The text and its displayed formulas, in turns."""
    return without_code(text).replace(r"\$", "").split("$$")


def _paragraphs(blocks):
    return [part for outside in blocks[::2] for part in outside.split("\n\n")]
