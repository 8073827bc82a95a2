/** Trees as amtool draws them, its unbreakable blanks included: scripts compare whole lines. */
export interface TreeNode {
  readonly text: string;
  readonly children: readonly TreeNode[];
}

/** One line a node, below a `.` that stands for the whole. */
export function treeLines(nodes: readonly TreeNode[]): readonly string[] {
  return ['.', ...nodes.flatMap((node, index) => linesOf(node, '', index === nodes.length - 1))];
}

function linesOf(node: TreeNode, indent: string, isLast: boolean): readonly string[] {
  const below = `${indent}${isLast ? '    ' : '│\u00a0\u00a0 '}`;
  return [
    `${indent}${isLast ? '└── ' : '├── '}${node.text}`,
    ...node.children.flatMap((child, index) => linesOf(child, below, index === node.children.length - 1)),
  ];
}
