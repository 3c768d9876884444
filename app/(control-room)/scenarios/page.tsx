import { type Metadata } from 'next';
import { ScenariosView } from '#components/scenarios/scenarios-view.tsx';

export const metadata: Metadata = { title: 'Scenarios' };

export default function ScenariosPage() {
  return <ScenariosView />;
}
