/** Whether this stands in the place of a number that was erased (ERASE). */
export function isErased(number: string): boolean {
  return number.startsWith("erased:");
}
