/**
 * What people write who come from PyTorch and Keras, and what is written here: one table, which every message asks
 * (`diagnostic` in catalogue.ts). What shows before there are names is in text-habits.ts.
 */

/** A habit that shows in what a mistake is about: `subjects` says what that is for each code. */
export interface Habit {
  readonly pattern: RegExp
  /** What to write; `$<name>` is a group of the pattern. */
  readonly help?: string
  /** The name that stands here for the one that was written. */
  readonly write?: readonly string[]
}

export const habits = {
  'unknown-op': [
    { pattern: /^(conv2d|Conv2[dD])$/, write: ['conv'], help: 'x -> conv(out: 64, kernel: 3): the channels of x are known' },
    { pattern: /^(Linear|Dense)$/, write: ['linear'], help: 'x -> linear(out: 64): the channels of x are known' },
    {
      pattern: /^(ConvTranspose2d|conv_transpose(2d)?|transposed?_conv(2d)?|Conv2DTranspose|deconv(2d)?|upconv)$/,
      write: ['transposed'],
      help: 'x -> transposed(out: 64, kernel: 4, stride: 2, pad: 1)',
    },
    {
      pattern: /^(reshape|view|flatten|Flatten|unflatten)$/,
      help: 'the layout is changed by a pattern, so that no axis gets lost: rearrange(x, "B h w c -> B (h w) c"), and back rearrange(x, "B (h w) c -> B h w c", h: h)',
    },
    {
      pattern: /^(permute|transpose|swapaxes|moveaxis|movedim|t)$/,
      help: 'axes change places by a pattern: rearrange(x, "B h w c -> B c h w")',
    },
    {
      pattern: /^(unsqueeze|squeeze|expand_dims|repeat_interleave|tile)$/,
      help: 'an axis of 1 comes and goes by a pattern, rearrange(x, "B n -> B 1 n"), and is stretched where it meets another',
    },
    {
      pattern: /^(broadcast_to|expand_as)$/,
      write: ['expand'],
      help: 'expand(x, to: [B, h, w, c]): axes of 1 get these sizes',
    },
    { pattern: /^(im2col|Unfold|extract_patches)$/, write: ['unfold'], help: 'unfold(x, kernel: 3)' },
    { pattern: /^(cat|hstack|vstack)$/, write: ['concat'], help: 'concat(a, b, axis: -1)' },
    { pattern: /^stack$/, help: 'give each its axis and join them: concat(rearrange(a, "B c -> B 1 c"), .., axis: 1)' },
    { pattern: /^chunk$/, write: ['split'], help: 'split(x, sizes: [32, 32], axis: -1)' },
    { pattern: /^unbind$/, write: ['unstack'] },
    {
      pattern: /^(matmul|bmm|mm|dot|tensordot)$/,
      write: ['einsum'],
      help: 'the axes that are summed are named: einsum(a, b, "B i c, B j c -> B i j")',
    },
    { pattern: /^(Dropout|Dropout2d)$/, write: ['dropout'], help: 'dropout(x, rate: 0.1)' },
    { pattern: /^(DropPath|StochasticDepth)$/, write: ['drop_path'], help: 'drop_path(x, rate: 0.1)' },
    { pattern: /^ReLU$/, write: ['relu'] },
    { pattern: /^GELU$/, write: ['gelu'] },
    { pattern: /^(LeakyReLU|lrelu)$/, write: ['leaky_relu'], help: 'leaky_relu(x, slope: 0.2)' },
    { pattern: /^(SiLU|swish|Swish)$/, write: ['silu'] },
    { pattern: /^Softplus$/, write: ['softplus'] },
    { pattern: /^(BatchNorm2d|BatchNormalization|batchnorm)$/, write: ['batch_norm'] },
    { pattern: /^(LayerNorm|LayerNormalization|layernorm)$/, write: ['layer_norm'] },
    { pattern: /^(GroupNorm|GroupNormalization|groupnorm)$/, write: ['group_norm'] },
    { pattern: /^(InstanceNorm2d|InstanceNormalization|instancenorm)$/, write: ['instance_norm'] },
    { pattern: /^(RMSNorm|RMSNormalization|rmsnorm)$/, write: ['rms_norm'] },
    { pattern: /^(normalize|normalise|l2_normalize)$/, write: ['l2_normalise'], help: 'l2_normalise(x, axis: -1)' },
    { pattern: /^(MaxPool2[dD]|MaxPooling2D)$/, write: ['max_pool'], help: 'x -> max_pool(kernel: 2, stride: 2)' },
    { pattern: /^(AvgPool2d|AveragePooling2D)$/, write: ['avg_pool'], help: 'x -> avg_pool(kernel: 2, stride: 2)' },
    {
      pattern: /^(AdaptiveAvgPool2d|adaptive_avg_pool2d|GlobalAveragePooling2D|global_avg_pool)$/,
      help: 'one number a channel is mean(x, axis: [1, 2], keep: true): [B, 1, 1, c]',
    },
    { pattern: /^(PixelShuffle|depth_to_space)$/, write: ['pixel_shuffle'], help: 'x -> pixel_shuffle(by: 2)' },
    {
      pattern: /^(PixelUnshuffle|pixel_unshuffle|space_to_depth)$/,
      help: 'rearrange(x, "B (h i) (w j) c -> B h w (c i j)", i: 2, j: 2)',
    },
    {
      pattern: /^(Upsample|upsample|UpSampling2D|resize)$/,
      write: ['interpolate'],
      help: 'x -> interpolate(by: 2, kernel: nearest)',
    },
    { pattern: /^grid_sample$/, write: ['sample'], help: 'sample(x, coord, kernel: bilinear), coordinates as (y, x)' },
    { pattern: /^(Sequential|ModuleList)$/, help: 'layers follow one another by arrows: x -> conv(out: 64, kernel: 3) -> relu' },
    { pattern: /^Identity$/, help: 'as a filler of a slot (x) => x; elsewhere leave it out' },
    {
      pattern: /^(Parameter|Embedding)$/,
      help: 'a learned tensor is a statement: weight table: [225, heads] = truncated_normal(std: 0.02); lookup(table, index) takes its rows',
    },
    {
      pattern: /^(MultiheadAttention|MultiHeadAttention|scaled_dot_product_attention)$/,
      help: 'attention is linear, rearrange, einsum and softmax, as in models/lib/swinir.arch',
    },
    { pattern: /^(l1_loss|L1Loss|mae)$/, write: ['l1'] },
    { pattern: /^(mse_loss|MSELoss|l2)$/, write: ['mse'] },
    { pattern: /^(arange|linspace)$/, write: ['range'], help: 'range(n) is 0, 1, .. n - 1; arithmetic makes the rest' },
    { pattern: /^(clip|clip_by_value)$/, write: ['clamp'], help: 'clamp(x, min: 0, max: 1)' },
    { pattern: /^pow2$/, write: ['square'] },
    { pattern: /^(amax|reduce_max)$/, write: ['max'] },
    { pattern: /^(amin|reduce_min)$/, write: ['min'] },
    { pattern: /^(sgn|signum)$/, write: ['sign'] },
    {
      pattern: /^(ReflectionPad2d|ZeroPad2d)$/,
      write: ['pad'],
      help: 'pad(x, top: 1, bottom: 1, left: 1, right: 1, mode: reflect)',
    },
  ],
  'unknown-name': [
    { pattern: /^True$/, write: ['true'] },
    { pattern: /^False$/, write: ['false'] },
    { pattern: /^None$/, help: 'leave the argument out: what is not given has its default' },
    { pattern: /^self$/, help: 'parameters and lets are used by their own names' },
    { pattern: /^(nn|F|torch|tf|np|keras|math)$/, help: 'ops and functions stand without a prefix: relu(x), sqrt(2)' },
  ],
  'unknown-attribute': [
    {
      pattern: /^conv\.(padding|padding_mode)$/,
      write: ['pad'],
      help: 'pad: same, which it is without it, keeps the size; pad: 1 adds zeros on each side, pad: reflect mirrors the border',
    },
    { pattern: /\.padding$/, write: ['pad'] },
    { pattern: /\.output_padding$/, write: ['output_pad'] },
    { pattern: /\.(kernel_size|pool_size|ksize)$/, write: ['kernel'] },
    { pattern: /\.(out_channels|out_features|filters|units|num_filters|channels)$/, write: ['out'] },
    {
      pattern: /^(conv|linear)\.(in_channels|in_features|in_dim|input_dim|input_shape)$/,
      help: 'leave it out: the channels of the input are known',
    },
    { pattern: /\.dims?$/, write: ['axis', 'axes'] },
    { pattern: /\.(keepdims?|keep_dims)$/, write: ['keep'] },
    { pattern: /\.(negative_slope|alpha)$/, write: ['slope'] },
    { pattern: /\.eps$/, write: ['epsilon'] },
    { pattern: /\.num_groups$/, write: ['groups'] },
    { pattern: /\.(scale_factor|upscale_factor|block_size|shifts)$/, write: ['by'] },
    { pattern: /\.size$/, write: ['to'] },
    { pattern: /^(interpolate|sample)\.(mode|method)$/, write: ['kernel'] },
    { pattern: /\.align_corners$/, write: ['align'], help: 'align: corners, or align: centres' },
    { pattern: /\.use_bias$/, write: ['bias'] },
    { pattern: /\.strides$/, write: ['stride'] },
    { pattern: /^(drop_path|dropout)\.(p|prob|drop_prob)$/, write: ['rate'] },
    { pattern: /\.(kernel_initializer|weight_init)$/, write: ['init'] },
    { pattern: /\.(inplace|device|training)$/, help: 'leave it out: no value changes, and the mode is known' },
    { pattern: /\.(activation|act)$/, help: 'an activation is a stage of its own: x -> conv(out: 64, kernel: 3) -> relu' },
  ],
  'unknown-field': [
    { pattern: /^train\.(lr|learning_rate)$/, help: 'the rate stands in the optimiser: optimizer: adam(lr: 1e-4)' },
    { pattern: /^train\.(batch|batch_size|bs)$/, write: ['B'] },
    {
      pattern: /^train\.(patch|patch_size|crop|crop_size|image_size)$/,
      help: 'a patch has the sizes of the input, in pixels of the low resolution: h: 48, w: 48',
    },
    {
      pattern: /^train\.(iterations|iters|max_steps)$/,
      write: ['steps'],
    },
    { pattern: /^train\.(ema_decay|ema_rate|ema_momentum)$/, write: ['ema'] },
    {
      pattern: /^train\.weight_decay$/,
      help: 'decay is the optimiser’s: optimizer: adamw(lr: 1e-4, weight_decay: 0.01), with decay: kernels without biases and norms',
    },
    { pattern: /^train\.(grad_clip|clip_grad|max_norm)$/, write: ['clip'] },
    { pattern: /^train\.(warm_up|warmup_steps|warmup_iter)$/, write: ['warmup'] },
    {
      pattern: /^train\.(accum|accumulation|accumulation_steps|grad_accum|gradient_accumulation(_steps)?)$/,
      write: ['accumulate'],
    },
    {
      pattern: /^train\.(amp|mixed_precision|dtype)$/,
      write: ['precision'],
      help: 'precision: bf16 computes products and convolutions in bfloat16',
    },
    { pattern: /^train\.seed$/, help: 'archc train --seed N' },
    { pattern: /^train\.(val|validation)$/, help: 'archc train --val 0.1 sets a share of the pictures aside' },
    { pattern: /^train\.optim$/, write: ['optimizer'] },
    { pattern: /^train\.(scheduler|lr_scheduler)$/, write: ['schedule'] },
    { pattern: /^train\.(criterion|objective)$/, write: ['loss'] },
    { pattern: /^(train|evaluate)\.(scale|upscale|factor)$/, write: ['m'] },
    { pattern: /^evaluate\.crop_border$/, write: ['shave'] },
  ],
  'attribute-value': [
    {
      pattern: /^optimizer: (?!(adam|adamw|sgd)\b)[a-z]/i,
      help: 'there are adam(lr: 1e-4), adamw(lr: 1e-4, weight_decay: 0.01) and sgd(lr: 0.01, momentum: 0.9)',
    },
    {
      pattern: /^pad: (zero|valid|full|replicate|circular)$/i,
      help: 'pad: same keeps the size with zeros, pad: 0 adds nothing, pad: reflect mirrors the border',
    },
  ],
  'attribute-type': [
    {
      pattern: /^pad: (zeros|ones)$/,
      help: 'pad: same keeps the size with zeros, pad: 0 adds nothing, pad: reflect mirrors the border',
    },
  ],
  'missing-attribute': [
    {
      pattern: /^(?<op>mean|sum|max|min)\.axis$/,
      help: '$<op>(x, axis: [1, 2]) is over rows and columns, axis: -1 over channels, [0, 1, 2, 3] over all of a picture [B, h, w, c]',
    },
  ],
  'role-shape': [
    {
      pattern: /^image: \[(?<B>[^,]+), (?<c>\d+), (?<h>[^,]+), (?<w>[^,]+)\]$/,
      help: 'channels stand last: [$<B>, $<h>, $<w>, $<c>]',
    },
  ],
  'not-static': [
    {
      pattern: /^the channels of its input: [hHwW]\b/,
      help: 'channels stand last: a picture is [B, h, w, c] here, not [B, c, h, w]',
    },
  ],
} satisfies { readonly [code: string]: readonly Habit[] }

/** What is said of a habit, with names that are accepted here; undefined where it is none. */
export function habitIn(
  code: keyof typeof habits,
  subject: string,
  accepted?: readonly string[],
): { readonly help?: string; readonly near: readonly string[] } | undefined {
  for (const { pattern, help, write = [] } of habits[code] as readonly Habit[]) {
    const near = write.filter((each) => accepted?.includes(each) ?? true)
    if (pattern.test(subject) && (help !== undefined || near.length > 0))
      return { near, ...(help !== undefined && { help: expand(help, pattern, subject) }) }
  }
  return undefined
}

/**
 * What PyTorch gives an op by position, for as many as are given; '' is known here and goes. Of other ops the attributes in
 * their order.
 */
export const positions: Readonly<Record<string, readonly (readonly string[])[]>> = {
  conv: [
    ['out', 'kernel'],
    ['', 'out', 'kernel', 'stride', 'pad', 'dilation', 'groups', 'bias'],
  ],
  transposed: [
    ['out', 'kernel'],
    ['', 'out', 'kernel', 'stride', 'pad', 'output_pad'],
  ],
  linear: [['out'], ['', 'out', 'bias']],
  layer_norm: [['']],
  batch_norm: [['']],
  group_norm: [['groups'], ['groups', '']],
  instance_norm: [['']],
  rms_norm: [['']],
}

/** `text` with what the groups of `pattern` matched in `subject`. */
export function expand(text: string, pattern: RegExp, subject: string): string {
  const { groups = {} } = pattern.exec(subject) ?? {}
  return text.replace(/\$<(\w+)>/g, (_, group: string) => groups[group] ?? '')
}
