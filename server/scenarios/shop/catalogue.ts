/** What the shop sells. Prices are in cents; of `scarce` things nobody gets more than two at a time. */
export const PRODUCTS = [
  { sku: 'LAP-13', name: 'Laptop 13"', priceCents: 99_999, scarce: true },
  { sku: 'PHN-6', name: 'Phone 6', priceCents: 64_900, scarce: false },
  { sku: 'HDP-2', name: 'Headphones', priceCents: 14_950, scarce: false },
  { sku: 'KEY-75', name: 'Keyboard 75 %', priceCents: 8_900, scarce: false },
  { sku: 'MSE-1', name: 'Mouse', priceCents: 3_490, scarce: false },
  { sku: 'MON-27', name: 'Monitor 27"', priceCents: 32_900, scarce: true },
  { sku: 'CBL-C', name: 'USB-C cable', priceCents: 990, scarce: false },
  { sku: 'BAG-15', name: 'Backpack', priceCents: 7_490, scarce: false },
] as const;

export const CUSTOMERS = [
  { id: 'customer-101', name: 'Ada Okafor', email: 'ada@example.com', city: 'Lagos' },
  { id: 'customer-102', name: 'Bruno Costa', email: 'bruno@example.com', city: 'Porto' },
  { id: 'customer-103', name: 'Chen Wei', email: 'chen@example.com', city: 'Chengdu' },
  { id: 'customer-104', name: 'Dilnoza Karimova', email: 'dilnoza@example.com', city: 'Samarkand' },
  { id: 'customer-105', name: 'Emil Novak', email: 'emil@example.com', city: 'Brno' },
  { id: 'customer-106', name: 'Fatima Haddad', email: 'fatima@example.com', city: 'Amman' },
  { id: 'customer-107', name: 'Grace Mwangi', email: 'grace@example.com', city: 'Nairobi' },
  { id: 'customer-108', name: 'Hanna Lind', email: 'hanna@example.com', city: 'Turku' },
  { id: 'customer-109', name: 'Ines Romero', email: 'ines@example.com', city: 'Sevilla' },
  { id: 'customer-110', name: 'Jonas Weber', email: 'jonas@example.com', city: 'Leipzig' },
] as const;

/** Who issues the cards; each pays up to its limit. */
export const ISSUERS = [
  { name: 'Northbank', limitCents: 300_000 },
  { name: 'Union Card', limitCents: 250_000 },
  { name: 'Harbour Credit', limitCents: 150_000 },
] as const;
