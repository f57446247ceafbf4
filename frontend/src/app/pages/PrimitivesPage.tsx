import { Primitives } from "@/features/primitives/Primitives";

export function PrimitivesPage() {
  return <Primitives />;
}
