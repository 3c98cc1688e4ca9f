/** Finds the sentences in a source: the texts of several words that a person may read. */
import ts from "typescript";

/** A piece of a sentence: what stands between two values that are put into it. */
export interface Piece {
  line: number;
  text: string;
}

/** Three words in a row: less is a name, a unit or a part that says nothing by itself. */
const WORDS = /[A-Za-z'`’,:;.]+ [A-Za-z'`’,:;.]+ [A-Za-z'`’]+/;

/** What a table's sentences leave to be put in. */
const PUT_IN = /\{(?:Domain|Path)\}/;

/** What may stand elsewhere in the message: a period, after what is put in before it, and the quotes of code in a text. */
const ENDS = /^[?:]'|[.']+;?$/g;

/** Whose texts are for documentation, for the service's own messages, or for other programs. */
const OTHERS = /^(describe|row|RegExp|TypeError|regex|refine|require|createRequire)$/;

/** The properties whose texts the documentation shows. */
const DOCUMENTATION = /^(description|message)$/;

export function findSentences(source: string): Piece[] {
  const file = ts.createSourceFile("source.ts", source, ts.ScriptTarget.Latest, true);
  const pieces: Piece[] = [];
  const add = (node: ts.Node, whole: string) => {
    const { line } = file.getLineAndCharacterOfPosition(node.getStart(file));
    for (const text of whole.split(PUT_IN)) {
      const bare = text.trim().replace(ENDS, "");
      if (WORDS.test(bare)) pieces.push({ line: line + 1, text: bare });
    }
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node) || ts.isTypeNode(node)) return;
    if (ts.isPropertyAssignment(node) && DOCUMENTATION.test(node.name.getText(file))) return;
    if (ts.isNewExpression(node) && OTHERS.test(node.expression.getText(file))) return;
    if (ts.isCallExpression(node)) {
      const called = ts.isPropertyAccessExpression(node.expression) ? node.expression.name : node.expression;
      if (called.getText(file) === "row") {
        // The service's own message comes second.
        for (const [index, argument] of node.arguments.entries()) if (index !== 1) visit(argument);
        return;
      }
      if (OTHERS.test(called.getText(file))) {
        visit(node.expression);
        return;
      }
    }
    if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)) add(node, node.text);
    if (ts.isTemplateExpression(node)) {
      add(node.head, node.head.text);
      for (const { literal } of node.templateSpans) add(literal, literal.text);
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return pieces;
}
