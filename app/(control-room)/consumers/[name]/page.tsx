import { type Metadata } from 'next';
import { ConsumerView } from '#components/consumers/consumer-view.tsx';

type ConsumerPageProps = { params: Promise<{ name: string }> };

export async function generateMetadata({ params }: ConsumerPageProps): Promise<Metadata> {
  const { name } = await params;
  return { title: decodeURIComponent(name) };
}

export default async function ConsumerPage({ params }: ConsumerPageProps) {
  const { name } = await params;
  return <ConsumerView name={decodeURIComponent(name)} />;
}
