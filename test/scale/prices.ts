// List prices of a common cloud, with their sources and the day of each source. Look them up again before you plan. Pure.
//
// They are those of AWS in US East (N. Virginia), on demand, without discounts, for Linux on x86. A price is what the
// resource costs alone: load balancers, addresses, backups and support come on top.

/** A price in US dollars of one unit, and the page that says so, with its day. */
export type Price = Readonly<{ usd: number; unit: string; source: string; dated: string }>

export const PRICES = {
  vcpu_hour: {
    usd: 0.04048,
    unit: 'vCPU-hour (Fargate: $0.000011244 a second)',
    source: 'https://aws.amazon.com/ecs/pricing/',
    dated: '2026-09-20',
  },
  memory_gb_hour: {
    usd: 0.004445,
    unit: 'GB-hour of memory (Fargate)',
    source: 'https://www.wring.co/blog/aws-fargate-pricing-guide',
    dated: '2026-03-10',
  },
  sent_gb: {
    usd: 0.09,
    unit: 'GB sent to the internet (the first 10 TB a month, after 100 GB)',
    source: 'https://wring.co/blog/aws-data-transfer-pricing-guide',
    dated: '2026-03-08',
  },
} as const satisfies Record<string, Price>
