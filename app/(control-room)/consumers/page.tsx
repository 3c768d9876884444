import { type Metadata } from 'next';
import { ConsumersView } from '#components/consumers/consumers-view.tsx';

export const metadata: Metadata = { title: 'Consumers' };

export default function ConsumersPage() {
  return <ConsumersView />;
}
